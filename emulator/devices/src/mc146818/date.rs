//! Dates as the clock shows them: seconds since 1970 to fields and back, in BCD or binary, 12 or 24 hours.

use super::spec;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// The bytes of a date in the order seconds, minutes, hours, weekday, day, month, year.
pub(super) type Fields = [u8; 7];

/// Days since 1970-01-01 of a date in the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March end with the leap day.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // The days before 0000-03-01 that 1970-01-01 is away from it.
    year * 365 + leaps + (month * 153 + 2) / 5 + day - 1 - 719_468
}

/// The year, month and day of a number of days since 1970-01-01.
fn civil(number: i64) -> (i64, i64, i64) {
    let mut year = 1970 + number.div_euclid(366);
    while days(year + 1, 1, 1) <= number {
        year += 1;
    }
    let month = (2..=12).rev().find(|month| days(year, *month, 1) <= number).unwrap_or(1);
    (year, month, number - days(year, month, 1) + 1)
}

fn encode(value: i64, mode: u8) -> u8 {
    let value = value as u8;
    if mode & spec::B_BINARY != 0 { value } else { ((value / 10) << 4) + value % 10 }
}

fn decode(byte: u8, mode: u8) -> i64 {
    let byte = i64::from(byte);
    if mode & spec::B_BINARY != 0 { byte } else { (byte >> 4) * 10 + (byte & 15) }
}

/// The century that belongs to a date.
pub(super) fn century(date: i64) -> u8 {
    encode(civil(date.div_euclid(DAY)).0 / 100, 0)
}

/// What the registers show at a date; `mode` is register B. `weekday` is added to the day of the week.
pub(super) fn to_fields(date: i64, weekday: u8, mode: u8) -> Fields {
    let (number, second) = (date.div_euclid(DAY), date.rem_euclid(DAY));
    let (year, month, day) = civil(number);
    let hour = second / 3600;
    let hours = if mode & spec::B_24_HOURS != 0 {
        encode(hour, mode)
    } else {
        let afternoon = if hour >= 12 { spec::PM } else { 0 };
        encode((hour + 11) % 12 + 1, mode) | afternoon
    };
    [
        encode(second % 60, mode),
        encode(second / 60 % 60, mode),
        hours,
        // The first of January 1970 was a Thursday.
        encode((number + 4 + i64::from(weekday)).rem_euclid(7) + 1, mode),
        encode(day, mode),
        encode(month, mode),
        encode(year.rem_euclid(100), mode),
    ]
}

/// The date and weekday offset that fields mean, in the century of `near`. Fields that are no date count on from one.
pub(super) fn from_fields(fields: Fields, mode: u8, near: i64) -> (i64, u8) {
    let [seconds, minutes, hours, weekday, day, month, year] = fields;
    let century = civil(near.div_euclid(DAY)).0.div_euclid(100) * 100;
    let hour = if mode & spec::B_24_HOURS != 0 {
        decode(hours, mode)
    } else {
        let afternoon = if hours & spec::PM != 0 { 12 } else { 0 };
        decode(hours & !spec::PM, mode) % 12 + afternoon
    };
    let month = decode(month, mode).clamp(1, 12);
    let number = days(century + decode(year, mode), month, decode(day, mode));
    let date = number * DAY + hour * 3600 + decode(minutes, mode) * 60 + decode(seconds, mode);
    let shift = decode(weekday, mode) - 1 - (number + 4);
    (date, shift.rem_euclid(7) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches leap years, centuries and month ends that are off by a day.
    #[test]
    fn dates_go_there_and_back() {
        for (date, expected) in [
            (0, [0x00, 0x00, 0x00, 5, 0x01, 0x01, 0x70]),
            (951_782_400, [0x00, 0x00, 0x00, 3, 0x29, 0x02, 0x00]),
            (1_735_689_599, [0x59, 0x59, 0x23, 3, 0x31, 0x12, 0x24]),
            (4_107_542_400, [0x00, 0x00, 0x00, 2, 0x01, 0x03, 0x00]),
        ] {
            assert_eq!(to_fields(date, 0, spec::B_24_HOURS), expected, "{date}");
        }
        for step in 0..20_000 {
            let date = step * 86_399 * 2 + 7;
            for mode in [0, spec::B_BINARY, spec::B_24_HOURS, spec::B_BINARY | spec::B_24_HOURS] {
                let fields = to_fields(date, 3, mode);
                assert_eq!(from_fields(fields, mode, date), (date, 3), "{date} {mode:#x}");
            }
        }
    }

    /// Catches noon and midnight swapped in 12-hour mode.
    #[test]
    fn twelve_hours() {
        let hour = |date: i64| to_fields(date, 0, 0)[2];
        assert_eq!([hour(0), hour(3600), hour(12 * 3600), hour(23 * 3600)], [0x12, 1, 0x92, 0x91]);
    }
}
