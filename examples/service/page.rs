//! The page at `/`: the counters, for people.

use crate::http::App;

const TEMPLATE: &str = include_str!("page.html");

/// Numbers only go into the page, so there is nothing to escape.
pub fn render(app: &App) -> String {
    let now = app.counters.snapshot();
    let workers = leno::workers();
    let facts = [
        ("@requests@", now.requests.to_string()),
        ("@client_errors@", now.client_errors.to_string()),
        ("@server_errors@", now.server_errors.to_string()),
        ("@connections@", now.connections.to_string()),
        ("@open@", now.open_connections.to_string()),
        ("@keys@", app.store.len().to_string()),
        ("@uptime@", format!("{:.0} s", now.uptime_seconds)),
        ("@workers@", workers.to_string()),
        ("@backend@", leno::backend().to_owned()),
    ];
    facts
        .iter()
        .fold(TEMPLATE.to_owned(), |page, (name, value)| {
            page.replace(name, value)
        })
}
