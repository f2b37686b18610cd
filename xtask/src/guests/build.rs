//! Building the small guests, the same to the last bit wherever it is done.
//!
//! A guest is a C file in its architecture's folder, with an assembly file of the
//! same name if it needs one. It is linked with everything in `runtime/`. The compiler runs
//! in that folder with relative paths, so that no trace of the place remains;
//! what does leave a trace is the compiler's version.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::Error;
use crate::process::Program;

/// What builds the guests of one architecture.
struct Toolchain {
    /// Under the root of the repository.
    folder: &'static str,
    compiler: Program,
    /// The first line of `--version` of the compiler that made the committed images.
    version: &'static str,
    flags: &'static [&'static str],
}

const TOOLCHAINS: &[Toolchain] = &[
    Toolchain {
        folder: "scenarios/aarch64/guests",
        compiler: Program {
            name: "aarch64-linux-gnu-gcc",
            advice: "on Debian, `apt-get install gcc-aarch64-linux-gnu binutils-aarch64-linux-gnu`",
        },
        version: "aarch64-linux-gnu-gcc (Debian 12.2.0-14) 12.2.0",
        flags: &["-march=armv8-a+crc", "-mgeneral-regs-only", "-mstrict-align"],
    },
    Toolchain {
        folder: "scenarios/alpha/guests",
        compiler: Program {
            name: "alpha-linux-gnu-gcc",
            advice: "on Debian, `apt-get install gcc-alpha-linux-gnu binutils-alpha-linux-gnu`",
        },
        version: "alpha-linux-gnu-gcc (Debian 12.2.0-13) 12.2.0",
        flags: &["-mcpu=ev67", "-mno-fp-regs", "-msoft-float"],
    },
    Toolchain {
        folder: "scenarios/s390x/guests",
        compiler: Program {
            name: "s390x-linux-gnu-gcc",
            advice: "on Debian, `apt-get install gcc-s390x-linux-gnu binutils-s390x-linux-gnu`",
        },
        version: "s390x-linux-gnu-gcc (Debian 12.2.0-14) 12.2.0",
        // The low core begins at address 0, which the compiler takes for nowhere.
        flags: &["-march=z10", "-m64", "-msoft-float", "-Wno-array-bounds"],
    },
];

const FLAGS: &[&str] = &[
    "-std=gnu11",
    "-O2",
    "-g0",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-ffreestanding",
    "-nostdlib",
    "-static",
    "-fno-pic",
    "-no-pie",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-ffunction-sections",
    "-fdata-sections",
    "-Iruntime",
    "-s",
    "-Wl,--build-id=none,--gc-sections,-n,--no-warn-rwx-segments",
    "-T",
    "runtime/guest.ld",
];

/// Renews all committed images.
pub(super) fn build(root: &Path) -> Result<(), Error> {
    for toolchain in TOOLCHAINS {
        let folder = root.join(toolchain.folder);
        if let Some(warning) = toolchain.version_warning(&folder)? {
            eprintln!("warning: {warning}");
        }
        for guest in guests(&folder)? {
            let image = image_of(&folder, &guest);
            toolchain.build_one(&folder, &guest, &image)?;
            println!("{:<20} {:>8} bytes", guest, read(&image)?.len());
        }
    }
    Ok(())
}

/// Builds everything elsewhere and compares it with what is committed.
pub(super) fn check(root: &Path) -> Result<(), Error> {
    let elsewhere = Scratch::new(&root.join("target/guests-check"))?;
    let mut differing = 0;
    let mut advice = "run `cargo xtask guests build` and commit the result".to_owned();
    println!("{:<20} {:>8}  committed image", "guest", "bytes");
    for toolchain in TOOLCHAINS {
        let folder = root.join(toolchain.folder);
        if let Some(warning) = toolchain.version_warning(&folder)? {
            advice = warning;
        }
        let guests = guests(&folder)?;
        for guest in &guests {
            let built = image_of(&elsewhere.0, guest);
            toolchain.build_one(&folder, guest, &built)?;
            let built = read(&built)?;
            let difference = compare(&built, fs::read(image_of(&folder, guest)).ok().as_deref());
            differing += usize::from(difference.is_some());
            let verdict = difference.unwrap_or_else(|| "identical".to_owned());
            println!("{guest:<20} {:>8}  {verdict}", built.len());
        }
        for orphan in names_with_extension(&folder, "elf")? {
            if !guests.contains(&orphan) {
                differing += 1;
                println!("{orphan:<20} {:>8}  has no source", "-");
            }
        }
    }
    if differing > 0 {
        return Err(Error::Differ(differing, advice));
    }
    Ok(())
}

impl Toolchain {
    /// Something to say if this is not the compiler of the committed images.
    fn version_warning(&self, folder: &Path) -> Result<Option<String>, Error> {
        let printed = self.compiler.run(folder, ["--version"])?;
        let version = printed.lines().next().unwrap_or_default();
        if version == self.version {
            return Ok(None);
        }
        Ok(Some(format!(
            "the committed images are made by `{}`, this is `{version}`, which may build others",
            self.version
        )))
    }

    fn build_one(&self, folder: &Path, guest: &str, image: &Path) -> Result<(), Error> {
        let mut arguments: Vec<OsString> = Vec::new();
        arguments.extend(self.flags.iter().chain(FLAGS).map(OsString::from));
        let mut nowhere = OsString::from("-ffile-prefix-map=");
        nowhere.push(folder);
        nowhere.push("=.");
        arguments.push(nowhere);
        for source in sources(folder, guest)? {
            arguments.push(source.into());
        }
        arguments.push("-o".into());
        arguments.push(image.into());
        self.compiler.run(folder, arguments)?;
        Ok(())
    }
}

/// The guests of a folder, by name.
fn guests(folder: &Path) -> Result<Vec<String>, Error> {
    names_with_extension(folder, "c")
}

/// All sources of a guest, relative to the folder, in an order that is always the same.
fn sources(folder: &Path, guest: &str) -> Result<Vec<String>, Error> {
    let runtime = folder.join("runtime");
    let mut sources = Vec::new();
    for extension in ["S", "c"] {
        for name in names_with_extension(&runtime, extension)? {
            sources.push(format!("runtime/{name}.{extension}"));
        }
    }
    for extension in ["c", "S"] {
        let own = format!("{guest}.{extension}");
        if folder.join(&own).exists() {
            sources.push(own);
        }
    }
    Ok(sources)
}

/// The stems of all files with this extension, sorted.
fn names_with_extension(folder: &Path, extension: &str) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::file(folder))? {
        let path = entry.map_err(Error::file(folder))?.path();
        if path.extension().is_some_and(|found| found == extension)
            && let Some(stem) = path.file_stem()
        {
            names.push(stem.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn image_of(folder: &Path, guest: &str) -> PathBuf {
    folder.join(format!("{guest}.elf"))
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(Error::file(path))
}

/// How the committed image differs from the built one, if it does.
fn compare(built: &[u8], committed: Option<&[u8]>) -> Option<String> {
    let Some(committed) = committed else {
        return Some("MISSING".to_owned());
    };
    if built == committed {
        return None;
    }
    let same = built.iter().zip(committed).take_while(|(a, b)| a == b).count();
    Some(format!("DIFFERS from byte {same:#x} ({} bytes)", committed.len()))
}

/// A folder that is gone when this value is.
struct Scratch(PathBuf);

impl Scratch {
    fn new(parent: &Path) -> Result<Self, Error> {
        let folder = parent.join(std::process::id().to_string());
        fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
        Ok(Scratch(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind is in the target folder, and harmless.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::{TOOLCHAINS, compare, guests, sources};
    use std::fs;

    #[test]
    fn an_image_differs_where_its_first_differing_byte_is() {
        assert_eq!(compare(b"abcd", Some(b"abcd")), None);
        assert_eq!(compare(b"abcd", None).as_deref(), Some("MISSING"));
        let middle = compare(b"abcd", Some(b"abxd"));
        assert_eq!(middle.as_deref(), Some("DIFFERS from byte 0x2 (4 bytes)"));
        let longer = compare(b"abcd", Some(b"abcdef"));
        assert_eq!(longer.as_deref(), Some("DIFFERS from byte 0x4 (6 bytes)"));
    }

    #[test]
    fn sources_are_found_in_one_order() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("runtime")).expect("an empty folder");
        for name in [
            "runtime/b.c",
            "runtime/a.c",
            "runtime/start.S",
            "runtime/x.h",
            "one.c",
            "two.c",
            "two.S",
            "one.elf",
        ] {
            fs::write(at(name), "").expect("a file");
        }
        assert_eq!(guests(folder.path()).expect("readable"), ["one", "two"]);
        assert_eq!(
            sources(folder.path(), "two").expect("readable"),
            ["runtime/start.S", "runtime/a.c", "runtime/b.c", "two.c", "two.S"]
        );
    }

    /// Catches a guest added without its image, which tests would then miss.
    #[test]
    fn every_guest_has_a_committed_image() {
        for toolchain in TOOLCHAINS {
            let folder = crate::root().join(toolchain.folder);
            for guest in guests(&folder).expect("readable") {
                assert!(super::image_of(&folder, &guest).exists(), "{guest}");
            }
        }
    }
}
