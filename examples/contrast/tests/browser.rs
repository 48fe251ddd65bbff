//! The page in a browser, on a desk and on a phone: it is drawn, nothing is wider than the screen, nothing is asked of the
//! network, and the console has nothing to say.
//!
//! `CONTRAST_REPORT=FILE` looks at that page instead of one made here. `CONTRAST_SCREENSHOTS=DIR` keeps the pictures.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Width and height in pixels. Chromium's windows are no narrower than 500 by themselves; see [`Browser::run`].
const SCREENS: [(&str, u32, u32); 2] = [("desktop", 1280, 3000), ("phone", 390, 3000)];

/// What a page says about itself when it is asked: how wide it is, and how wide it may be.
const PROBE: &str = "<script>addEventListener('load', () => {
    const root = document.documentElement;
    document.title = `${root.scrollWidth} of ${innerWidth}`;
    console.log(`width ${root.scrollWidth} of ${innerWidth}`);
})</script>";

struct Browser {
    program: &'static str,
    folder: TempDir,
}

impl Browser {
    /// If there is one.
    fn find() -> Option<Browser> {
        let works = |program: &&str| Command::new(program).arg("--version").output().is_ok();
        let program = ["chromium", "chromium-browser", "google-chrome"]
            .into_iter()
            .find(works)?;
        Some(Browser {
            program,
            folder: TempDir::new().unwrap(),
        })
    }

    /// Loads a page. Gives what the browser complained about and what the console said; a file with the picture, if wanted.
    fn run(
        &self,
        page: &Path,
        (width, height): (u32, u32),
        dark: bool,
        picture: Option<&Path>,
    ) -> String {
        let mut command = Command::new(self.program);
        command
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--force-device-scale-factor=1",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--no-first-run",
                "--disable-sync",
            ])
            .args(["--enable-logging=stderr", "--virtual-time-budget=3000"])
            .arg(format!(
                "--user-data-dir={}",
                self.folder.path().join("profile").display()
            ))
            .arg(format!("--window-size={width},{height}"));
        if dark {
            command.arg("--blink-settings=preferredColorScheme=0");
        }
        match picture {
            Some(picture) => command.arg(format!("--screenshot={}", picture.display())),
            None => command.arg("--dump-dom"),
        };
        let output = command
            .arg(format!("file://{}", page.display()))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// The lines of the console.
    fn console(said: &str) -> Vec<&str> {
        said.lines()
            .filter(|line| line.contains(":CONSOLE"))
            .collect()
    }

    /// A file of the test, by its name.
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// The page that is asked for, or one with a few experiments.
fn page(browser: &Browser) -> PathBuf {
    if let Some(page) = std::env::var_os("CONTRAST_REPORT") {
        return fs::canonicalize(page).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_contrast"))
        .args(["--quick", "--only", "resume_point,size", "--out"])
        .arg(browser.folder.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    browser.file("index.html")
}

/// How many pixels there are of the most frequent colour, of all others, and how many colours.
fn look_at(picture: &Path) -> (usize, usize, usize) {
    let file = std::io::BufReader::new(fs::File::open(picture).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let mut colours = std::collections::HashMap::<&[u8], usize>::new();
    for pixel in pixels[..info.buffer_size()].chunks(info.color_type.samples()) {
        *colours.entry(pixel).or_default() += 1;
    }
    let all: usize = colours.values().sum();
    let paper = colours.values().copied().max().unwrap_or(0);
    (paper, all - paper, colours.len())
}

#[test]
fn the_page_is_drawn_and_asks_for_nothing() {
    let Some(browser) = Browser::find() else {
        return eprintln!("SKIPPED: there is no chromium here (Debian: apt install chromium)");
    };
    let page = page(&browser);
    let keep = std::env::var_os("CONTRAST_SCREENSHOTS").map(PathBuf::from);
    for (screen, width, height) in SCREENS {
        for dark in [false, true] {
            let name = format!("{screen}-{}.png", if dark { "dark" } else { "light" });
            let picture = keep
                .as_ref()
                .map_or_else(|| browser.file(&name), |folder| folder.join(&name));
            let said = browser.run(&page, (width, height), dark, Some(&picture));
            let console = Browser::console(&said);
            assert!(console.is_empty(), "{name}: {console:?}");
            let (paper, others, colours) = look_at(&picture);
            assert!(
                others > (paper + others) / 50 && colours > 50,
                "{name} is blank: {others} of {paper}, {colours} colours"
            );
        }
    }
}

#[test]
fn nothing_is_wider_than_the_screen() {
    let Some(browser) = Browser::find() else {
        return eprintln!("SKIPPED: there is no chromium here (Debian: apt install chromium)");
    };
    let text = fs::read_to_string(page(&browser)).unwrap();
    let policy = text.find("<meta http-equiv").unwrap();
    let probing = browser.file("probe.html");
    // The page forbids scripts, so the one that asks must come before what forbids it.
    fs::write(
        &probing,
        format!("{}{PROBE}{}", &text[..policy], &text[policy..]),
    )
    .unwrap();
    for (screen, width, height) in SCREENS {
        let said = browser.run(&probing, (width, height), false, None);
        let line = said
            .lines()
            .find(|line| line.contains("width "))
            .unwrap_or_else(|| panic!("{said}"));
        let numbers: Vec<u32> = line
            .split("width ")
            .nth(1)
            .unwrap()
            .split(|letter: char| !letter.is_ascii_digit())
            .filter_map(|number| number.parse().ok())
            .collect();
        let (needed, given) = (numbers[0], numbers[1]);
        assert!(needed <= given, "{screen}: {needed} pixels on {given}");
    }
}

#[test]
fn a_page_that_asks_for_something_would_be_found_out() {
    let Some(browser) = Browser::find() else {
        return eprintln!("SKIPPED: there is no chromium here (Debian: apt install chromium)");
    };
    let text = fs::read_to_string(page(&browser)).unwrap();
    let spoilt = browser.file("spoilt.html");
    let asking = "<body><img src=\"http://127.0.0.1:9/picture.png\" alt=\"\">";
    fs::write(&spoilt, text.replacen("<body>", asking, 1)).unwrap();
    let said = browser.run(
        &spoilt,
        (800, 600),
        false,
        Some(&browser.file("spoilt.png")),
    );
    let console = Browser::console(&said);
    assert!(
        console
            .iter()
            .any(|line| line.contains("Content Security Policy")),
        "{said}"
    );
}
