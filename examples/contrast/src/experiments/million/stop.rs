//! How many of a design are tried, and what keeps one from trying more.

use crate::design::Design;
use crate::measure;
use crate::settings::Settings;
use crate::unit::Unit;

/// What stops the counting.
pub struct Stop {
    pub count: usize,
    /// For a table and a sentence.
    pub by: String,
    /// Whether there could have been more.
    pub is_ours: bool,
}

/// The least of: what we ask for at most, what the system allows, and what half of the free memory can hold, by what one
/// weighs in the worst case.
pub fn stop(design: Design, settings: &Settings, free: u64) -> Stop {
    let (most, weight) = match design {
        Design::Task => (settings.pick(1_000_000, 20_000), 1024),
        Design::Fiber => (settings.pick(1_000_000, 5000), 10 * 1024),
        Design::Go | Design::Java => (settings.pick(1_000_000, 20_000), 4 * 1024),
        Design::May => (settings.pick(1_000_000, 2000), 16 * 1024),
        Design::Thread => (settings.pick(1_000_000, 1000), 64 * 1024),
    };
    let show = |count: usize| Unit::Count.show(count as f64);
    let why = if settings.quick {
        "a run with --quick is short"
    } else {
        "that was the question"
    };
    let mut stops = vec![Stop {
        count: most,
        by: format!("our cap, {}: {why}", show(most)),
        is_ours: true,
    }];
    stops.push(Stop {
        count: (free / 2 / weight) as usize,
        by: format!(
            "free memory: half of {}, at up to {} each",
            Unit::Memory.show(free as f64),
            Unit::Memory.show(weight as f64)
        ),
        is_ours: false,
    });
    // A stack and its guard page; a thread of Rust has one more for its signals, with a guard, too.
    let mappings = match design {
        Design::May => Some(2),
        Design::Thread => Some(4),
        _ => None,
    };
    if let Some(each) = mappings {
        let limit = measure::most_mappings();
        // The program itself needs some.
        stops.push(Stop {
            count: (limit / each).saturating_sub(500),
            by: format!(
                "the system's limit: {} mappings (vm.max_map_count), {each} each",
                show(limit)
            ),
            is_ours: false,
        });
    }
    if design == Design::Thread {
        let (name, limit) = measure::most_threads();
        stops.push(Stop {
            count: limit / 2,
            by: format!(
                "the system's limit: {} threads ({name}), of which we leave half to others",
                show(limit)
            ),
            is_ours: false,
        });
    }
    let least = stops.into_iter().min_by_key(|stop| stop.count);
    least.expect("there is a cap at least")
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressBar;

    use super::stop;
    use crate::design::Design;
    use crate::settings::Settings;

    #[test]
    fn the_least_limit_is_the_one_that_is_named() {
        let settings = Settings {
            quick: false,
            install: false,
            progress: ProgressBar::hidden(),
        };
        let plenty = 1 << 40;
        let task = stop(Design::Task, &settings, plenty);
        assert_eq!(task.count, 1_000_000);
        assert!(task.is_ours, "{}", task.by);
        let poor = stop(Design::Task, &settings, 1 << 20);
        assert_eq!(poor.count, 512);
        assert!(!poor.is_ours, "{}", poor.by);
        assert!(poor.by.starts_with("free memory"), "{}", poor.by);
    }
}
