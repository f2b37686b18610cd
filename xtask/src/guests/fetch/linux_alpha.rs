//! Linux for Alpha, which no distribution builds any more: made from Debian's package of the kernel's source with Debian's
//! cross compiler.
//!
//! The configuration is the least that the board needs (`linux/alpha.config`), so that it takes minutes. One line of the
//! source must be mended before it compiles. The first program is our own (`linux/alpha-init.c`). What depends on the
//! time and place of the build is fixed, so that the same source gives the same kernel.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::initrd::Archive;
use crate::guests::Error;
use crate::process::{self, Program};

/// The package that this is about.
pub(super) const PACKAGE: &str = "linux-source-6.1";

const CONFIG: &str = include_str!("../linux/alpha.config");
const START: &str = include_str!("../linux/alpha-start.S");
const INIT: &str = include_str!("../linux/alpha-init.c");

const ADVICE: &str = "building Linux for Alpha takes, on Debian, `apt-get install gcc-alpha-linux-gnu \
    binutils-alpha-linux-gnu make gcc flex bison bc xz-utils`";
const TAR: Program = Program { name: "tar", advice: ADVICE };
const MAKE: Program = Program { name: "make", advice: ADVICE };
const GCC: Program = Program { name: "alpha-linux-gnu-gcc", advice: ADVICE };
const STRIP: Program = Program { name: "alpha-linux-gnu-strip", advice: ADVICE };
/// What `make` needs, so that a missing one is named before anything is unpacked.
const TOOLS: [Program; 5] = [
    GCC,
    STRIP,
    Program { name: "flex", advice: ADVICE },
    Program { name: "bison", advice: ADVICE },
    Program { name: "bc", advice: ADVICE },
];

/// The line that does not compile, and what it should be: the function takes the address as well.
const BROKEN: (&str, &str) =
    ("page_table_check_pte_clear(mm, pte)", "page_table_check_pte_clear(mm, addr, pte)");

/// Files compiled after which progress is shown.
const STEP: u32 = 50;

/// Makes `built/vmlinux` and `built/initrd.gz` in a folder with the unpacked package.
pub(super) fn build(folder: &Path) -> Result<(), Error> {
    for tool in TOOLS {
        tool.run(folder, ["--version"])?;
    }
    let (source, built) = (folder.join("linux"), folder.join("built"));
    for path in [&source, &built] {
        fs::create_dir_all(path).map_err(Error::file(path))?;
    }
    let archive = format!("usr/src/{PACKAGE}.tar.xz");
    eprintln!("linux-alpha: unpacking the source");
    TAR.run(folder, ["-xJf", &archive, "-C", "linux", "--strip-components=1"])?;
    mend(&source)?;
    let config = source.join("lockstep.config");
    fs::write(&config, CONFIG).map_err(Error::file(&config))?;
    let all = format!("KCONFIG_ALLCONFIG={}", config.display());
    MAKE.run(&source, arguments(&["allnoconfig", &all]))?;
    compile(&source)?;
    STRIP.run(folder, ["-o", "built/vmlinux", "linux/vmlinux"])?;
    make_initrd(folder)
}

fn mend(source: &Path) -> Result<(), Error> {
    let path = source.join("arch/alpha/include/asm/pgtable.h");
    let text = fs::read_to_string(&path).map_err(Error::file(&path))?;
    fs::write(&path, text.replace(BROKEN.0, BROKEN.1)).map_err(Error::file(&path))
}

/// The arguments of `make`: these, and what makes the build the same everywhere.
fn arguments(own: &[&str]) -> Vec<String> {
    let fixed = [
        "ARCH=alpha",
        "CROSS_COMPILE=alpha-linux-gnu-",
        "KBUILD_BUILD_TIMESTAMP=Thu Jan  1 00:00:00 UTC 1970",
        "KBUILD_BUILD_USER=lockstep",
        "KBUILD_BUILD_HOST=lockstep",
        "KBUILD_BUILD_VERSION=1",
    ];
    own.iter().chain(&fixed).map(|&argument| argument.to_owned()).collect()
}

/// Compiles the kernel on all cores, and says how far it is.
fn compile(source: &Path) -> Result<(), Error> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = format!("-j{cores}");
    eprintln!("linux-alpha: compiling about 600 files on {cores} cores");
    let arguments = arguments(&["vmlinux", &jobs]);
    let failed = |output: String| {
        let command = format!("make {}", arguments.join(" "));
        Error::Process(process::Error::Failed { command, output })
    };
    let reader = duct::cmd(MAKE.name, &arguments)
        .dir(source)
        .env("LC_ALL", "C")
        .stdin_null()
        .stderr_to_stdout()
        .reader()
        .map_err(|error| failed(error.to_string()))?;
    let mut last: Vec<String> = Vec::new();
    let mut compiled = 0;
    for line in BufReader::new(reader).lines() {
        // The reader's error is the failure of the command, and what it said is in the lines before.
        let Ok(line) = line else { return Err(failed(last.join("\n"))) };
        if line.starts_with("  CC ") || line.starts_with("  AS ") {
            compiled += 1;
            if compiled % STEP == 0 {
                eprintln!("linux-alpha: {compiled} files");
            }
        }
        last.push(line);
        if last.len() > 40 {
            last.remove(0);
        }
    }
    Ok(())
}

/// Makes `initrd.gz` with the first program.
fn make_initrd(folder: &Path) -> Result<(), Error> {
    for (name, text) in [("start.S", START), ("init.c", INIT)] {
        let path = folder.join(name);
        fs::write(&path, text).map_err(Error::file(&path))?;
    }
    let flags = ["-O2", "-static", "-nostdlib", "-ffreestanding", "-mcpu=ev56", "-s"];
    let files = ["-Wl,--build-id=none", "start.S", "init.c", "-o", "init"];
    GCC.run(folder, flags.into_iter().chain(files))?;
    let program = folder.join("init");
    let program = fs::read(&program).map_err(Error::file(&program))?;
    let mut archive = Archive::default();
    archive.folder("dev");
    archive.device("dev/console", 5, 1);
    archive.program("init", &program);
    let place = folder.join("built/initrd.gz");
    fs::write(&place, archive.finish()).map_err(Error::file(&place))
}
