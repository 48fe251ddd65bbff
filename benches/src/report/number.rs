//! Numbers for people.

/// With three digits or all before the point, and thousands set apart.
pub fn plain(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude < 10.0 {
        return format!("{value:.2}");
    }
    if magnitude < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{magnitude:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if value < 0.0 {
        grouped.insert(0, '-');
    }
    grouped
}

pub fn mebibytes(bytes: f64) -> String {
    format!("{:.1} MiB", bytes / (1024.0 * 1024.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_ones_keep_their_fraction_and_large_ones_get_commas() {
        assert_eq!(plain(1.234), "1.23");
        assert_eq!(plain(12.34), "12.3");
        assert_eq!(plain(123.4), "123");
        assert_eq!(plain(1234567.0), "1,234,567");
        assert_eq!(plain(-1234.0), "-1,234");
        assert_eq!(mebibytes(1024.0 * 1024.0), "1.0 MiB");
    }
}
