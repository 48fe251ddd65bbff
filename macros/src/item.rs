//! Taking the annotated function apart.
//!
//! The compiler hands an attribute only what it could parse as an item, so this looks for the parts it needs and does
//! not check the syntax of the rest.

use proc_macro::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use crate::error::Error;
use crate::expand::Role;

/// The parts of `#[attributes] pub async fn name(parameters) -> Output { body }`.
pub(crate) struct AsyncFn {
    /// Attributes, doc comments and visibility.
    pub(crate) prefix: TokenStream,
    pub(crate) name: Ident,
    pub(crate) parameters: Group,
    /// The type of the only parameter, if there is one.
    pub(crate) executor: Option<TokenStream>,
    /// The arrow and the type after it, or nothing.
    pub(crate) output: TokenStream,
    pub(crate) body: Group,
}

impl AsyncFn {
    pub(crate) fn parse(item: TokenStream, role: Role) -> Result<AsyncFn, Error> {
        let mut tokens = item.into_iter().peekable();

        let mut prefix = TokenStream::new();
        while let Some(token) = tokens.next_if(is_prefix) {
            if let (Role::Test, TokenTree::Group(group)) = (role, &token) {
                if group.stream().to_string() == "test" {
                    return Err(Error::new(
                        group.span(),
                        "this would run the test twice: leave `#[test]` out",
                    ));
                }
            }
            prefix.extend([token]);
        }

        let keyword = qualifiers(&mut tokens, role)?;
        let Some(TokenTree::Ident(name)) = tokens.next() else {
            return Err(Error::new(keyword, "expected the name of the function"));
        };
        let parameters = match tokens.next() {
            Some(TokenTree::Group(group)) => group,
            Some(other) => {
                return Err(Error::new(
                    other.span(),
                    format!("the function of {role} can't have generic parameters"),
                ));
            }
            None => return Err(Error::new(name.span(), "expected parameters")),
        };
        let executor = executor_type(&parameters, role)?;

        let mut rest: Vec<TokenTree> = tokens.collect();
        let body = match rest.pop() {
            Some(TokenTree::Group(group)) => visible(group),
            _ => {
                return Err(Error::new(
                    name.span(),
                    format!("the function of {role} needs a body"),
                ));
            }
        };
        if let Some(bounds) = rest.iter().find(|token| is_ident(token, "where")) {
            return Err(Error::new(
                bounds.span(),
                format!("the function of {role} can't have a `where` clause"),
            ));
        }

        Ok(AsyncFn {
            prefix,
            name,
            parameters,
            executor,
            output: rest.into_iter().collect(),
            body,
        })
    }
}

/// Whether the item is something called `fn main`.
pub(crate) fn declares_main(item: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = item.into_iter().collect();
    tokens
        .windows(2)
        .any(|pair| is_ident(&pair[0], "fn") && is_ident(&pair[1], "main"))
}

/// Whether the token belongs to attributes and visibility: `#`, `[…]`, `pub`, `(crate)`, or the invisible group around
/// what came through a `macro_rules!` variable.
fn is_prefix(token: &TokenTree) -> bool {
    match token {
        TokenTree::Punct(punct) => punct.as_char() == '#',
        TokenTree::Group(_) => true,
        other => is_ident(other, "pub"),
    }
}

/// Consumes `async fn` and answers the span of `fn`.
fn qualifiers(tokens: &mut impl Iterator<Item = TokenTree>, role: Role) -> Result<Span, Error> {
    let mut is_async = false;
    for token in tokens {
        let span = token.span();
        match token.to_string().as_str() {
            "async" => is_async = true,
            "fn" if is_async => return Ok(span),
            "fn" => {
                return Err(Error::new(
                    span,
                    format!("the function of {role} must be `async`: write `async fn`"),
                ));
            }
            qualifier @ ("const" | "unsafe" | "safe" | "extern") => {
                return Err(Error::new(
                    span,
                    format!("the function of {role} can't be `{qualifier}`"),
                ));
            }
            _ => return Err(not_a_function(span, role)),
        }
    }
    Err(not_a_function(Span::call_site(), role))
}

fn not_a_function(span: Span, role: Role) -> Error {
    Error::new(span, format!("{role} can only stand on an `async fn`"))
}

/// The type of the only parameter, if there is one.
fn executor_type(parameters: &Group, role: Role) -> Result<Option<TokenStream>, Error> {
    let parameters = split_at_commas(parameters.stream());
    if let Some(extra) = parameters.get(1) {
        return Err(Error::new(
            extra[0].span(),
            format!("the function of {role} has at most one parameter, an executor"),
        ));
    }
    let Some(parameter) = parameters.into_iter().next() else {
        return Ok(None);
    };
    let colon = parameter
        .iter()
        .position(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':'));
    let pattern = &parameter[..colon.unwrap_or(parameter.len())];
    if let Some(receiver) = pattern.iter().find(|token| is_ident(token, "self")) {
        return Err(Error::new(
            receiver.span(),
            format!("the function of {role} can't be a method: it has no `self`"),
        ));
    }
    let Some(colon) = colon else {
        return Err(Error::new(
            parameter[0].span(),
            format!("the parameter of {role} has to be an executor"),
        ));
    };
    Ok(Some(parameter.into_iter().skip(colon + 1).collect()))
}

/// Splits parameters at the commas between them, and not at those in `Executor<A, B>`, which angle brackets do not put
/// into a group.
fn split_at_commas(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut parameters = vec![Vec::new()];
    let mut depth = 0_usize;
    let mut after_minus = false;
    for token in tokens {
        let sign = match &token {
            TokenTree::Punct(punct) => punct.as_char(),
            _ => ' ',
        };
        match sign {
            ',' if depth == 0 => {
                parameters.push(Vec::new());
                continue;
            }
            '<' => depth += 1,
            // The `>` of an arrow closes nothing.
            '>' if !after_minus => depth = depth.saturating_sub(1),
            _ => {}
        }
        after_minus = sign == '-';
        parameters
            .last_mut()
            .expect("the list starts with one entry and only grows")
            .push(token);
    }
    // No parameters at all, or a comma after the last one.
    parameters.retain(|parameter| !parameter.is_empty());
    parameters
}

/// The braces inside the invisible group that a `$body:block` of a `macro_rules!` macro comes in, or the braces themselves.
fn visible(group: Group) -> Group {
    match group.stream().into_iter().next() {
        Some(TokenTree::Group(inner)) if group.delimiter() == Delimiter::None => visible(inner),
        _ => group,
    }
}

fn is_ident(token: &TokenTree, wanted: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident.to_string() == wanted)
}
