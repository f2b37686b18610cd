//! The images that a machine is given.

use std::sync::Arc;

use lockstep_log::{ImageMismatch, ImageRecord, ImageRole};

use crate::ConfigError;

/// The images of a run, by role.
#[derive(Clone, Debug, Default)]
pub struct Images {
    list: Vec<(ImageRecord, Arc<Vec<u8>>)>,
}

/// A machine that cannot be built.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BuildError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An image has no place in this machine.
    #[error("{role} image {name}: {detail}")]
    Image {
        /// What it is for.
        role: ImageRole,
        /// Its file's name.
        name: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The board does not take an image of that kind, or lacks one that it needs.
    #[error("{0}")]
    Missing(String),
    /// An image is not the one that was recorded.
    #[error(transparent)]
    Mismatch(#[from] ImageMismatch),
    /// The device tree could not be made.
    #[error("device tree: {0}")]
    DeviceTree(String),
}

impl Images {
    /// Adds an image.
    pub fn add(&mut self, role: ImageRole, name: &str, bytes: Vec<u8>) {
        self.list.push((ImageRecord::of(role, name, &bytes), Arc::new(bytes)));
    }

    /// The image for a role.
    #[must_use]
    pub fn get(&self, role: ImageRole) -> Option<(&ImageRecord, &[u8])> {
        self.list
            .iter()
            .find(|(record, _)| record.role == role)
            .map(|(record, bytes)| (record, bytes.as_slice()))
    }

    /// All images for a role, in the order in which they were given.
    pub fn all(&self, role: ImageRole) -> impl Iterator<Item = (&ImageRecord, &Arc<Vec<u8>>)> {
        let of_role = self.list.iter().filter(move |(record, _)| record.role == role);
        of_role.map(|(record, bytes)| (record, bytes))
    }

    /// The images but for those of a role.
    #[must_use]
    pub fn without(&self, role: ImageRole) -> Self {
        let others = self.list.iter().filter(|(record, _)| record.role != role);
        Self { list: others.cloned().collect() }
    }

    /// What identifies the images, in the order in which they were given.
    #[must_use]
    pub fn records(&self) -> Vec<ImageRecord> {
        self.list.iter().map(|(record, _)| record.clone()).collect()
    }

    /// The images' bytes, in the same order.
    pub fn contents(&self) -> impl Iterator<Item = &[u8]> {
        self.list.iter().map(|(_, bytes)| bytes.as_slice())
    }
}

impl BuildError {
    /// An image with a problem.
    pub(crate) fn image(record: &ImageRecord, detail: impl Into<String>) -> Self {
        Self::Image { role: record.role, name: record.name.clone(), detail: detail.into() }
    }
}
