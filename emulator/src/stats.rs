//! `--stats`: what a machine did, for people who wonder about speed.

use lockstep_machine::Machine;

/// Prints what a machine did in so many seconds of wall time.
pub(crate) fn print_stats(machine: &dyn Machine, seconds: f64) {
    let stats = machine.stats();
    let engine = stats.engine;
    line("instructions", stats.retired, "");
    eprintln!("virtual time     {:>16}", machine.time());
    eprintln!("wall time        {seconds:>15.3}s");
    eprintln!("speed            {:>11.1} MIPS", stats.retired as f64 / seconds.max(1e-9) / 1e6);
    line("boundaries", stats.boundaries, "");
    line("blocks decoded", engine.blocks, "");
    line("code pages lost", engine.invalidations, "");
    if engine.regions == 0 {
        return;
    }
    let fast = engine.fast_time as f64 / 1e9;
    let percent = 100.0 * engine.fast as f64 / (stats.retired as f64).max(1.0);
    eprintln!("compiled code    {fast:>15.3}s");
    line("  instructions", engine.fast, &format!("({percent:.2} %)"));
    line("  entries", engine.entries, "");
    let misses = engine.load_misses + engine.store_misses;
    line("  table misses", misses, &of("TLB hits", engine.table_fills, misses));
    line("  run outside", engine.steps, "");
    eprintln!("interpreter      {:>15.3}s", (seconds - fast).max(0.0));
    line("  instructions", stats.retired.saturating_sub(engine.fast), "");
    eprintln!("compiling        {:>15.3}s", engine.compile_time as f64 / 1e9);
    line("  regions", engine.regions, "");
    line("  instructions", engine.compiled, "");
    line("  bytes of code", engine.code_bytes, "");
    line("  dropped", engine.wasted, "");
    line("  generations", engine.generations, "");
}

fn line(name: &str, value: u64, more: &str) {
    eprintln!("{}", format!("{name:<16} {value:>16} {more}").trim_end());
}

/// How many of so many are something.
fn of(name: &str, part: u64, all: u64) -> String {
    format!("({:.2} % {name})", 100.0 * part as f64 / (all as f64).max(1.0))
}
