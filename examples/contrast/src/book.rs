//! Puts what a run has found into a page of the book.
//!
//! `contrast book RESULTS.json PAGE.md` replaces what is between `<!-- figure:NAME -->` and `<!-- /figure -->`, where NAME is that
//! of an experiment, by its answer and what speaks against us; `machine` is the machine. Places whose experiment is not among the
//! results stay as they are.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::experiments;

const BEGIN: &str = "<!-- figure:";
const END: &str = "<!-- /figure -->";

/// Fills the page, and says how many places were filled, of how many.
pub fn fill(results: &Path, page: &Path) -> Result<(usize, usize)> {
    let read =
        |file: &Path| std::fs::read_to_string(file).with_context(|| file.display().to_string());
    let results = serde_json::from_str(&read(results)?)?;
    let (text, filled, places) = filled(&read(page)?, &results)?;
    std::fs::write(page, text)?;
    Ok((filled, places))
}

fn filled(page: &str, results: &Value) -> Result<(String, usize, usize)> {
    ensure!(
        results["quick"] == false,
        "the figures of a quick run say too little for a book"
    );
    let (mut text, mut rest) = (String::new(), page);
    let (mut done, mut places) = (0, 0);
    while let Some(start) = rest.find(BEGIN) {
        let after = &rest[start + BEGIN.len()..];
        let (name, inner) = after.split_once(" -->").context("a mark without an end")?;
        let end = inner
            .find(END)
            .with_context(|| format!("{name} has no {END}"))?;
        places += 1;
        text.push_str(&rest[..start]);
        text.push_str(&format!("{BEGIN}{name} -->"));
        match found(name, results)? {
            Some(figure) => {
                done += 1;
                text.push_str(&format!("\n{figure}\n"));
            }
            None => text.push_str(&inner[..end]),
        }
        text.push_str(END);
        rest = &inner[end + END.len()..];
    }
    text.push_str(rest);
    Ok((text, done, places))
}

/// What is to be in a place; none, if it was not measured.
fn found(name: &str, results: &Value) -> Result<Option<String>> {
    if name == "machine" {
        let of = |field: &str| results["machine"][field].as_str().unwrap_or("?").to_owned();
        return Ok(Some(format!(
            "> {}, {} cores, Linux {}, {}; leno {}; {}",
            of("processor"),
            results["machine"]["cores"],
            of("kernel"),
            of("compiler"),
            of("commit"),
            of("date"),
        )));
    }
    experiments::named(name)?;
    let all = results["experiments"].as_array().context("no results")?;
    let Some(experiment) = all.iter().find(|one| one["name"] == name) else {
        return Ok(None);
    };
    let finding = &experiment["finding"]["Ok"];
    let Some(answer) = finding["answer"].as_str() else {
        bail!("{name} has failed: {}", experiment["finding"]);
    };
    let failed = finding["checks"].as_array().into_iter().flatten();
    let failed: Vec<_> = failed.filter(|check| check["passed"] != true).collect();
    ensure!(failed.is_empty(), "{name}: a check has failed");
    let mut text = format!("> {answer}");
    for sentence in finding["against"].as_array().into_iter().flatten() {
        text.push_str(&format!(
            "\n>\n> *Against us:* {}",
            sentence.as_str().unwrap_or_default()
        ));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn results() -> Value {
        let finding =
            json!({ "answer": "7 ns", "against": ["It rains"], "checks": [{ "passed": true }] });
        json!({ "quick": false, "experiments": [{ "name": "ring", "finding": { "Ok": finding } }] })
    }

    #[test]
    fn what_was_measured_is_filled_in_and_the_rest_stays() -> Result<()> {
        let page = "a <!-- figure:ring -->old<!-- /figure --> b <!-- figure:chain -->kept<!-- /figure --> c";
        let (text, done, places) = filled(page, &results())?;
        assert_eq!(
            text,
            "a <!-- figure:ring -->\n> 7 ns\n>\n> *Against us:* It rains\n<!-- /figure --> b <!-- figure:chain -->kept<!-- /figure --> c"
        );
        assert_eq!((done, places), (1, 2));
        assert_eq!(filled(&text, &results())?.0, text);
        Ok(())
    }

    #[test]
    fn what_is_not_known_or_failed_is_refused() {
        let page = "<!-- figure:ring --><!-- /figure -->";
        assert!(filled("<!-- figure:rong --><!-- /figure -->", &results()).is_err());
        assert!(filled("<!-- figure:ring -->", &results()).is_err());
        let mut failed = results();
        failed["experiments"][0]["finding"]["Ok"]["checks"][0]["passed"] = json!(false);
        assert!(filled(page, &failed).is_err());
        let mut quick = results();
        quick["quick"] = json!(true);
        assert!(filled(page, &quick).is_err());
    }

    #[test]
    fn the_book_names_only_what_there_is() -> Result<()> {
        let page = include_str!("../../../docs/contrast.md");
        filled(page, &json!({ "quick": false, "experiments": [] }))?;
        for experiment in experiments::all() {
            assert!(
                page.contains(&format!("figure:{} ", experiment.name)),
                "{} is not in the book",
                experiment.name
            );
        }
        for question in 1..=30 {
            assert!(
                page.contains(&format!("C{question}.")),
                "C{question} is missing"
            );
        }
        Ok(())
    }
}
