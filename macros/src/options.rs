//! The options in the parentheses of an attribute.

use std::iter::Peekable;

use proc_macro::token_stream::IntoIter;
use proc_macro::{Literal, Span, TokenStream, TokenTree};

use crate::error::Error;
use crate::expand::text;

/// The options of one attribute.
pub(crate) struct Options {
    /// The path of the `leno` crate as the user gave it.
    krate: Option<TokenStream>,
}

impl Options {
    pub(crate) fn parse(options: TokenStream) -> Result<Options, Error> {
        let mut krate = None;
        let mut tokens = options.into_iter().peekable();
        while let Some(key) = tokens.next() {
            if key.to_string() != "crate" {
                return Err(Error::new(
                    key.span(),
                    format!("unknown option `{key}`: the only one is `crate = \"path\"`"),
                ));
            }
            if krate.is_some() {
                return Err(Error::new(key.span(), "`crate` is given twice"));
            }
            krate = Some(path_after(key.span(), &mut tokens)?);
        }
        Ok(Options { krate })
    }

    /// The path of the `leno` crate; `span` is where it is shown to be if the user gave none.
    pub(crate) fn krate(&self, span: Span) -> TokenStream {
        self.krate.clone().unwrap_or_else(|| text("::leno", span))
    }
}

/// The rest of `crate = path`, with the comma that may follow.
fn path_after(key: Span, tokens: &mut Peekable<IntoIter>) -> Result<TokenStream, Error> {
    let missing = || Error::new(key, "`crate` needs a path: `crate = \"path\"`");
    if !tokens.next().is_some_and(|token| is_punct(&token, '=')) {
        return Err(missing());
    }
    let mut path = TokenStream::new();
    while let Some(token) = tokens.next_if(|token| !is_punct(token, ',')) {
        match token {
            TokenTree::Literal(literal) => path.extend(quoted_path(&literal)?),
            TokenTree::Ident(_) => path.extend([token]),
            _ if is_punct(&token, ':') => path.extend([token]),
            // A path that came through a `macro_rules!` variable is wrapped in an invisible group.
            TokenTree::Group(_) => path.extend([token]),
            _ => return Err(Error::new(token.span(), "this is not part of a path")),
        }
    }
    tokens.next();
    if path.is_empty() {
        return Err(missing());
    }
    Ok(path)
}

/// The tokens of the path in a string literal, placed where the literal is.
fn quoted_path(literal: &Literal) -> Result<TokenStream, Error> {
    let not_a_path = || Error::new(literal.span(), "expected a path in quotes, like \"leno\"");
    let quoted = literal.to_string();
    let path = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .ok_or_else(not_a_path)?;
    let tokens: TokenStream = path.parse().map_err(|_| not_a_path())?;
    let mut spanned = TokenStream::new();
    for mut token in tokens {
        if !matches!(token, TokenTree::Ident(_)) && !is_punct(&token, ':') {
            return Err(not_a_path());
        }
        token.set_span(literal.span());
        spanned.extend([token]);
    }
    Ok(spanned)
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}
