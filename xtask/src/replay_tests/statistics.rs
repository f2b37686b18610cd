//! What runs that passed say about those that were not made.
//!
//! A thousand passes do not show that a test never fails; they show how seldom. The bound here is exact (Clopper and
//! Pearson's), so it also holds for few runs, where approximations promise too much.

/// The chance with which the true rate is above the bound: 5 %.
const RISK: f64 = 0.05;

/// The failure rate that is exceeded with a chance of at most 5 %, when so many of the runs failed. Without failures it is
/// about three in the number of runs. A trial that stops at its first failure is counted a little too badly.
pub(crate) fn upper_bound(failures: u64, runs: u64) -> f64 {
    if failures >= runs {
        return 1.0;
    }
    // The rate at which as few failures as these are just that improbable: fewer are less probable the higher the rate.
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if at_most(failures, runs, middle) > RISK {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The chance of at most so many failures in so many runs, at this rate.
fn at_most(failures: u64, runs: u64, rate: f64) -> f64 {
    let (fails, passes) = (rate.ln(), (-rate).ln_1p());
    let mut ways = 0.0_f64;
    let mut sum = 0.0;
    for number in 0..=failures {
        if number > 0 {
            ways += ((runs - number + 1) as f64).ln() - (number as f64).ln();
        }
        sum += (ways + number as f64 * fails + (runs - number) as f64 * passes).exp();
    }
    sum
}

/// The chance that a set of runs has at least so many failures when it differs from another set only by luck (Fisher's exact
/// test, one-sided): `(failures, runs)` of the set, and of the other one.
pub(crate) fn by_chance(this: (u64, u64), other: (u64, u64)) -> f64 {
    let (failures, all) = (this.0 + other.0, this.1 + other.1);
    let most = failures.min(this.1);
    let chance = |here: u64| {
        if failures - here > other.1 {
            return 0.0;
        }
        let ways = ways(this.1, here) + ways(other.1, failures - here) - ways(all, failures);
        ways.exp()
    };
    (this.0..=most).map(chance).sum::<f64>().min(1.0)
}

/// The logarithm of the number of ways to choose so many of them.
fn ways(of: u64, chosen: u64) -> f64 {
    let factor = |number: u64| ((of - number + 1) as f64).ln() - (number as f64).ln();
    (1..=chosen).map(factor).sum()
}

/// A rate for people.
pub(crate) fn percent(rate: f64) -> String {
    match rate * 100.0 {
        percent if percent >= 10.0 => format!("{percent:.0} %"),
        percent if percent >= 1.0 => format!("{percent:.1} %"),
        percent if percent >= 0.01 => format!("{percent:.2} %"),
        percent => format!("{percent:.4} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values computed with exact fractions: the chance of at most these failures at this rate is 5 %.
    #[test]
    fn bounds_are_exact() {
        for (failures, runs, expected) in [
            (0, 1, 0.95),
            (0, 10, 0.258_866),
            (0, 1000, 0.002_991_2),
            (1, 10, 0.394_163),
            (5, 100, 0.102_253),
            (9, 10, 0.994_884),
            (10, 10, 1.0),
            (0, 0, 1.0),
        ] {
            let bound = upper_bound(failures, runs);
            assert!((bound - expected).abs() < 2e-6, "{failures} of {runs}: {bound}");
        }
    }

    /// The rule of three, and no overflow with many runs.
    #[test]
    fn many_passes_bound_the_rate_by_three_in_their_number() {
        for runs in [100_u64, 10_000, 1_000_000] {
            let bound = upper_bound(0, runs);
            assert!(bound < 3.0 / runs as f64 && bound > 2.9 / runs as f64, "{runs}: {bound}");
        }
        assert!(upper_bound(500, 1_000_000) < 0.00054);
    }

    /// Fisher's own example: of eight cups, four of four right by luck is one in seventy.
    #[test]
    fn luck_is_told_from_change() {
        assert!((by_chance((4, 4), (0, 4)) - 1.0 / 70.0).abs() < 1e-12);
        assert!((by_chance((3, 4), (1, 4)) - 17.0 / 70.0).abs() < 1e-12);
        assert!((by_chance((0, 5), (3, 5)) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn rates_keep_the_digits_that_count() {
        assert_eq!(percent(0.95), "95 %");
        assert_eq!(percent(0.0256), "2.6 %");
        assert_eq!(percent(0.002_991), "0.30 %");
        assert_eq!(percent(0.000_003), "0.0003 %");
    }
}
