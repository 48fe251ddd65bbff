//! From figures to places.

use crate::finding::Scale as Kind;
use crate::unit::Unit;

/// Maps figures to pixels, and knows which of them make good marks.
pub struct Scale {
    kind: Kind,
    /// Round figures are powers of this: 10, or 2 for bytes.
    base: f64,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Of all these figures, on this stretch of pixels. A linear scale begins at zero, or below if there are such figures.
    pub fn of(
        kind: Kind,
        unit: Unit,
        figures: impl Iterator<Item = f64>,
        from: f64,
        to: f64,
    ) -> Scale {
        let figures: Vec<f64> = figures
            .filter(|figure| figure.is_finite() && (kind == Kind::Linear || *figure > 0.0))
            .collect();
        let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
        let most = figures.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = match kind {
            _ if figures.is_empty() => (1.0, 10.0),
            Kind::Linear if most <= 0.0 && least >= 0.0 => (0.0, 1.0),
            Kind::Linear => (least.min(0.0), most.max(0.0)),
            Kind::Log if most <= least => (least / 10.0, most * 2.0),
            Kind::Log => (least, most),
        };
        let base = if unit == Unit::Memory { 2.0 } else { 10.0 };
        Scale {
            kind,
            base,
            low,
            high,
            from,
            to,
        }
    }

    /// The same, with some room below, so that the least of bars can be seen.
    pub fn with_room_below(mut self) -> Scale {
        if self.kind == Kind::Log {
            self.low = self.base.powf((self.low / 1.5).log(self.base).floor());
        }
        self
    }

    /// Where a figure is. What a logarithmic scale can't show is at its beginning.
    pub fn at(&self, figure: f64) -> f64 {
        let share = match self.kind {
            Kind::Linear => (figure - self.low) / (self.high - self.low),
            Kind::Log if figure <= self.low => 0.0,
            Kind::Log => (figure / self.low).log10() / (self.high / self.low).log10(),
        };
        self.from + share * (self.to - self.from)
    }

    /// Round figures, at most as many as there is room for.
    pub fn marks(&self, most: usize) -> Vec<f64> {
        match self.kind {
            Kind::Linear => self.linear_marks(most),
            Kind::Log => self.log_marks(most),
        }
    }

    fn linear_marks(&self, most: usize) -> Vec<f64> {
        let rough = (self.high - self.low) / most.max(1) as f64;
        let magnitude = self.base.powf(rough.log(self.base).floor());
        let step = [1.0, 2.0, 5.0]
            .into_iter()
            .filter(|factor| *factor < self.base)
            .map(|factor| factor * magnitude)
            .find(|step| *step >= rough * 0.999)
            .unwrap_or(self.base * magnitude);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        (first..=last).map(|index| index as f64 * step).collect()
    }

    fn log_marks(&self, most: usize) -> Vec<f64> {
        let first = (self.low.log(self.base) - 1e-9).ceil() as i32;
        let last = (self.high.log(self.base) + 1e-9).floor() as i32;
        let powers = (last - first + 1).max(0) as usize;
        if powers < 2 && self.base == 10.0 {
            let all = (first - 1..=last)
                .flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)));
            let visible = |mark: &f64| *mark >= self.low * 0.999 && *mark <= self.high * 1.001;
            return all.filter(visible).take(most.max(1)).collect();
        }
        let every = powers.div_ceil(most.max(1)).max(1);
        (first..=last)
            .step_by(every)
            .map(|power| self.base.powi(power))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Scale, Unit};

    #[test]
    fn a_linear_scale_begins_at_zero_and_has_round_marks() {
        let scale = Scale::of(
            Kind::Linear,
            Unit::Time,
            [40.0, 93.0].into_iter(),
            0.0,
            93.0,
        );
        assert_eq!(scale.at(0.0), 0.0);
        assert_eq!(scale.at(93.0), 93.0);
        assert_eq!(scale.marks(5), [0.0, 20.0, 40.0, 60.0, 80.0]);
    }

    #[test]
    fn a_logarithmic_scale_has_equal_decades() {
        let scale = Scale::of(
            Kind::Log,
            Unit::Count,
            [1.0, 10_000.0].into_iter(),
            100.0,
            500.0,
        );
        assert_eq!(scale.at(100.0), 300.0);
        assert_eq!(scale.marks(10), [1.0, 10.0, 100.0, 1000.0, 10_000.0]);
        assert_eq!(scale.marks(3), [1.0, 100.0, 10_000.0]);
        assert_eq!(scale.at(0.0), 100.0);
    }

    #[test]
    fn bytes_are_counted_in_powers_of_two() {
        let log = Scale::of(
            Kind::Log,
            Unit::Memory,
            [100.0, 70_000.0].into_iter(),
            0.0,
            1.0,
        );
        assert_eq!(log.marks(5), [128.0, 512.0, 2048.0, 8192.0, 32_768.0]);
        let linear = Scale::of(Kind::Linear, Unit::Memory, [3000.0].into_iter(), 0.0, 1.0);
        assert_eq!(linear.marks(4), [0.0, 1024.0, 2048.0]);
    }

    #[test]
    fn odd_figures_break_nothing() {
        for kind in [Kind::Linear, Kind::Log] {
            for figures in [vec![], vec![0.0], vec![5.0], vec![f64::NAN, f64::INFINITY]] {
                let scale = Scale::of(kind, Unit::Memory, figures.iter().copied(), 0.0, 100.0)
                    .with_room_below();
                assert!(scale.at(5.0).is_finite(), "{kind:?} {figures:?}");
                assert!(scale.marks(5).len() <= 11);
            }
        }
    }
}
