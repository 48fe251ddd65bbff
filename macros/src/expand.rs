//! Writing the function that takes the place of the annotated one.

use std::fmt;

use proc_macro::{Delimiter, Group, Span, TokenStream, TokenTree};

use crate::item::AsyncFn;
use crate::options::Options;

/// Which attribute is being expanded.
#[derive(Clone, Copy)]
pub(crate) enum Role {
    Main,
    Test,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Main => "`#[leno::main]`",
            Role::Test => "`#[leno::test]`",
        })
    }
}

/// An ordinary function with the annotated one inside it, and a call that runs the inner one to its end.
pub(crate) fn expand(role: Role, options: &Options, function: AsyncFn) -> TokenStream {
    let AsyncFn {
        prefix,
        name,
        parameters,
        executor,
        output,
        body,
    } = function;
    let name = TokenStream::from(TokenTree::from(name));

    let here = Span::call_site();
    let nothing = parenthesized(TokenStream::new(), here);
    let run = match executor {
        Some(executor) => {
            // From where the type starts to where it ends is what the compiler underlines if it is not an executor.
            let (start, end) = ends(&executor);
            concat([
                text("<", start),
                executor,
                text("as", end),
                options.krate(end),
                text("::__private::MainExecutor>::with_main", end),
                parenthesized(name.clone(), end),
            ])
        }
        None => concat([
            options.krate(here),
            match role {
                Role::Main => text("::__private::main", here),
                Role::Test => text("::__private::test", here),
            },
            parenthesized(concat([name.clone(), nothing.clone()]), here),
        ]),
    };
    let inner = concat([
        text("async fn", here),
        name.clone(),
        TokenTree::from(parameters).into(),
        output.clone(),
        TokenTree::from(body).into(),
    ]);
    concat([
        match role {
            Role::Main => TokenStream::new(),
            Role::Test => text("#[::core::prelude::v1::test]", here),
        },
        prefix,
        text("fn", here),
        name,
        nothing,
        output,
        TokenTree::from(Group::new(Delimiter::Brace, concat([inner, run]))).into(),
    ])
}

/// The tokens of a fixed piece of Rust, which the compiler takes to be written at `span`.
pub(crate) fn text(rust: &str, span: Span) -> TokenStream {
    let tokens: TokenStream = rust.parse().expect("the text is a constant of this crate");
    tokens
        .into_iter()
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect()
}

/// Where the first and the last of the tokens are.
fn ends(tokens: &TokenStream) -> (Span, Span) {
    let mut spans = tokens.clone().into_iter().map(|token| token.span());
    let start = spans.next().unwrap_or_else(Span::call_site);
    (start, spans.last().unwrap_or(start))
}

fn concat<const N: usize>(parts: [TokenStream; N]) -> TokenStream {
    parts.into_iter().collect()
}

fn parenthesized(tokens: TokenStream, span: Span) -> TokenStream {
    let mut group = Group::new(Delimiter::Parenthesis, tokens);
    group.set_span(span);
    TokenTree::from(group).into()
}
