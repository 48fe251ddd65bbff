//! Figures for people: three digits and a unit.

use serde::Serialize;

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// In nanoseconds.
    Time,
    /// In bytes.
    Memory,
    Count,
    /// A second.
    Rate,
    /// How many times as much.
    Times,
}

impl Unit {
    pub fn show(self, value: f64) -> String {
        match self {
            Unit::Time => scaled(value, &[(1.0, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")]),
            Unit::Memory => {
                let kibi = 1024.0;
                scaled(
                    value,
                    &[
                        (1.0, "B"),
                        (kibi, "KiB"),
                        (kibi * kibi, "MiB"),
                        (kibi * kibi * kibi, "GiB"),
                    ],
                )
            }
            Unit::Count => grouped(value),
            Unit::Rate => format!("{}/s", grouped(value)),
            Unit::Times => format!("{} ×", grouped(value)),
        }
    }

    /// As at an axis, where there is little room.
    pub fn tick(self, value: f64) -> String {
        match self {
            Unit::Time | Unit::Memory => self.show(value),
            Unit::Times => format!("{} ×", short(value)),
            Unit::Count | Unit::Rate => short(value),
        }
    }
}

/// `12_345.6` as `12,346`; below a thousand, three digits.
fn grouped(value: f64) -> String {
    if value.abs() < 1000.0 {
        return digits(value);
    }
    let whole = format!("{:.0}", value.abs());
    let mut text = String::from(if value < 0.0 { "-" } else { "" });
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 1e9 => format!("{}G", digits(value / 1e9)),
        size if size >= 1e6 => format!("{}M", digits(value / 1e6)),
        size if size >= 1e4 => format!("{}k", digits(value / 1e3)),
        _ => grouped(value),
    }
}

fn scaled(value: f64, units: &[(f64, &str)]) -> String {
    let (size, unit) = units
        .iter()
        .rev()
        // What would be shown as 1000 of one unit is one of the next.
        .find(|(size, _)| value.abs() >= 0.9995 * size)
        .unwrap_or(&units[0]);
    format!("{} {unit}", digits(value / size))
}

/// Three digits, without zeros that say nothing.
fn digits(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.095 => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Unit;

    #[test]
    fn three_digits_and_a_unit() {
        assert_eq!(Unit::Time.show(0.0), "0 ns");
        assert_eq!(Unit::Time.show(27.94), "27.9 ns");
        assert_eq!(Unit::Time.show(999.7), "1 µs");
        assert_eq!(Unit::Time.show(1_234_567_890.0), "1.23 s");
        assert_eq!(Unit::Memory.show(1536.0), "1.5 KiB");
        assert_eq!(Unit::Memory.show(96.0), "96 B");
        assert_eq!(Unit::Count.show(1_234_567.0), "1,234,567");
        assert_eq!(Unit::Count.show(12.0), "12");
        assert_eq!(Unit::Times.show(2.345), "2.35 ×");
        assert_eq!(Unit::Count.tick(1_000_000.0), "1M");
    }
}
