//! Guest physical memory: pages, dirty tracking, digests, images.
