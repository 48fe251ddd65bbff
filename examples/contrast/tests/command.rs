//! What other programs see of the command: JSON and nothing else, if it goes to the standard output, and failure where it has failed.

use std::process::{Command, Output};

fn contrast(words: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_contrast"))
        .args(words)
        .arg("--out")
        .arg(folder.path())
        .output()
        .unwrap()
}

#[test]
fn json_on_the_standard_output_is_all_that_is_there() {
    let output = contrast(&["--quick", "--only", "resume_point", "--json", "-"]);
    assert!(output.status.success(), "{output:?}");
    let results: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(results["experiments"][0]["name"], "resume_point");
    // Who watches still sees what was found.
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("checks passed"), "{told}");
}

#[test]
fn what_is_not_there_is_a_failure() {
    let output = contrast(&["--quick", "--only", "no_such_thing"]);
    assert!(!output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("resume_point"), "{told}");
}
