//! apt, asked for one package without being allowed to change the system.

use std::fs;
use std::path::{Path, PathBuf};

use super::Package;
use crate::guests::Error;
use crate::process::{self, Program};

pub(super) const ADVICE: &str =
    "fetching takes the package tools of Debian or Ubuntu (`apt` and `dpkg`)";

const APT_GET: Program = Program { name: "apt-get", advice: ADVICE };
const APT_CACHE: Program = Program { name: "apt-cache", advice: ADVICE };

/// apt with a choice of package lists.
pub(super) struct Apt {
    options: Vec<String>,
}

impl Apt {
    /// With the lists that the system has.
    pub(super) fn of_system() -> Self {
        let options = Vec::new();
        Apt { options }
    }

    /// With lists under `folder`, for this architecture or the host's. The system's sources and
    /// keys are used; which packages are installed is of no interest.
    pub(super) fn of_our_own(folder: &Path, package: &Package) -> Result<Self, Error> {
        let Package { architecture, release, .. } = *package;
        let state = folder.join(".apt").join(architecture.unwrap_or("native"));
        let lists = state.join("lists");
        let partial = lists.join("partial");
        let archives = state.join("cache/archives/partial");
        for path in [&partial, &archives] {
            fs::create_dir_all(path).map_err(Error::file(path))?;
        }
        let status = state.join("status");
        fs::write(&status, "").map_err(Error::file(&status))?;
        let mut options = vec![
            format!("-oDir::State::Lists={}", lists.display()),
            format!("-oDir::State::status={}", status.display()),
            format!("-oDir::Cache={}", state.join("cache").display()),
            // Only for root, who may own a folder that apt's own user cannot enter.
            "-oAPT::Sandbox::User=root".to_owned(),
        ];
        if let Some(architecture) = architecture {
            options.push(format!("-oAPT::Architecture={architecture}"));
            options.push(format!("-oAPT::Architectures={architecture}"));
        }
        if let Some(release) = release {
            options.push(format!("-oAPT::Default-Release={release}"));
        }
        Ok(Apt { options })
    }

    /// Brings the lists up to date.
    pub(super) fn update(&self) -> Result<(), process::Error> {
        // A source that cannot be read must be an error, not a remark.
        let arguments = self.with(&["-q", "-oAPT::Update::Error-Mode=any", "update"]);
        APT_GET.run(Path::new("."), arguments).map(drop)
    }

    /// Downloads a package into a folder that has no other of its name.
    pub(super) fn download(&self, wanted: &Package, into: &Path) -> Result<PathBuf, Error> {
        let package = match wanted.follow {
            None => wanted.name.to_owned(),
            Some(prefix) => {
                let printed =
                    APT_CACHE.run(into, self.with(&["depends", "--important", wanted.name]))?;
                dependency(&printed, prefix)
                    .ok_or(Error::NoDependency(wanted.name, prefix))?
                    .to_owned()
            }
        };
        APT_GET.run(into, self.with(&["-q", "download", &package]))?;
        let found = super::find(into, &format!("./{package}_*"));
        found.ok_or(Error::NotInPackage { package, pattern: "*.deb" })
    }

    fn with(&self, arguments: &[&str]) -> Vec<String> {
        let arguments = arguments.iter().map(|&argument| argument.to_owned());
        self.options.iter().cloned().chain(arguments).collect()
    }
}

/// The first package with this prefix in what `apt-cache depends` printed.
fn dependency<'a>(printed: &'a str, prefix: &str) -> Option<&'a str> {
    printed
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .map(|package| package.split(':').next().unwrap_or(package))
        .find(|package| package.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::dependency;

    #[test]
    fn a_dependency_is_found_by_its_prefix() {
        let printed =
            "linux-image-arm64\n  Depends: other\n  Depends: linux-image-6.1.0-40-arm64\n";
        let found = dependency(printed, "linux-image-");
        assert_eq!(found, Some("linux-image-6.1.0-40-arm64"));
        assert_eq!(dependency("x\n  Depends: y:arm64\n", "y"), Some("y"));
        assert_eq!(dependency(printed, "linux-headers-"), None);
    }
}
