//! What leno says by itself of a task that keeps its thread.

use std::time::Duration;

use crate::finding::Finding;

/// For how long a task must keep its thread so that it is told of, on a busy machine too: by default that is done after 100 ms.
pub const LONG_ENOUGH: Duration = Duration::from_millis(400);

/// Shows the warning among the standard error of a case, checks that it names the line that spawned the task, and says in a
/// sentence when it came.
pub fn warned(
    finding: &mut Finding,
    caption: &str,
    complained: &str,
    file: &str,
    line: u32,
) -> String {
    let warnings: Vec<_> = complained
        .lines()
        .filter(|said| said.starts_with("leno: a task spawned at "))
        .collect();
    let place = format!(" {file}:{line}:");
    finding.check(
        format!(
            "leno told once of a task that kept its thread, and that it was spawned at line {line}"
        ),
        warnings.len() == 1 && warnings[0].contains(&place),
    );
    let Some(warning) = warnings.first() else {
        return "An observed runtime (LENO_OBSERVE=1) said nothing of it.".to_owned();
    };
    finding.listing(caption, *warning);
    let when = if warning.contains(" has kept ") {
        "while it lasted"
    } else {
        "when it was over"
    };
    format!(
        "An observed runtime (LENO_OBSERVE=1; debug builds do it without) named, {when}, the line that spawned the task."
    )
}

#[cfg(test)]
mod tests {
    use super::warned;
    use crate::finding::Finding;

    #[test]
    fn a_warning_must_name_the_place() {
        let said = "leno: a task spawned at src/a.rs:7:5 has kept the thread leno-0 for 101 ms";
        for (complained, line, passed) in [(said, 7, true), (said, 8, false), ("", 7, false)] {
            let mut finding = Finding::new("");
            let sentence = warned(&mut finding, "", complained, "src/a.rs", line);
            assert_eq!(finding.passed(), passed, "{complained}, line {line}");
            assert_eq!(sentence.contains("while it lasted"), !complained.is_empty());
            assert_eq!(finding.figures.len(), usize::from(!complained.is_empty()));
        }
    }
}
