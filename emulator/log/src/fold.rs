//! Listings without their repetitions.
//!
//! An idle guest does the same few things thousands of times: time jumps, a timer is due, an interrupt is taken. A
//! reader wants to see that once, with the number of times.

use crate::render::Item;

/// The longest cycle that is looked for.
const LONGEST_CYCLE: usize = 8;
/// The fewest times that a cycle is repeated for it to be folded.
const FEWEST_TIMES: usize = 3;

/// The lines of a listing, a repeated cycle of alike items being one line.
pub(crate) fn fold(items: &[Item]) -> Vec<String> {
    let shapes: Vec<_> = items.iter().map(Item::shape).collect();
    let mut lines = Vec::new();
    let mut place = 0;
    while place < items.len() {
        let cycle = best_cycle(&shapes[place..]);
        if let Some((len, times)) = cycle {
            let end = place + len * times;
            let cycle: Vec<_> = shapes[place..place + len].iter().flatten().cloned().collect();
            let (first, last) = (items[place].first(), items[end - 1].first());
            lines.push(format!("{first:>14}  {times} times: {} ..{last}", cycle.join("; ")));
            place = end;
        } else {
            lines.push(items[place].line());
            place += 1;
        }
    }
    lines
}

/// The cycle at the start of `shapes` that covers most of it: its length, and how often it is there.
fn best_cycle(shapes: &[Option<String>]) -> Option<(usize, usize)> {
    let mut best = None;
    for len in 1..=LONGEST_CYCLE.min(shapes.len()) {
        if shapes[len - 1].is_none() {
            // An item of interest ends every cycle that it would be part of.
            break;
        }
        let repeats = shapes.iter().zip(&shapes[len..]).take_while(|(one, next)| one == next);
        let times = 1 + repeats.count() / len;
        let covers = |(len, times): (usize, usize)| len * times;
        if times >= FEWEST_TIMES && best.is_none_or(|best| covers((len, times)) > covers(best)) {
            best = Some((len, times));
        }
    }
    best
}
