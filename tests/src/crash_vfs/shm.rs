//! Memory of the WAL index, shared by the connections of this process.
#![allow(
    unsafe_code,
    reason = "SQLite wants raw memory with stable addresses that several threads write to"
)]

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr;

/// Regions of zeroed memory whose addresses stay valid until the index is dropped.
#[derive(Debug, Default)]
pub(super) struct Index(Vec<Region>);

#[derive(Debug)]
struct Region {
    at: *mut u8,
    layout: Layout,
}

// SAFETY: a region is plain memory, owned by this value and reached from Rust only to be freed.
// The threads that use it are SQLite's connections, which order their accesses by xShmLock and
// xShmBarrier, as they do on a real shared mapping.
unsafe impl Send for Region {}

impl Index {
    /// Address of a region; null when it does not exist and `extend` is not set.
    pub(super) fn region(&mut self, region: usize, size: usize, extend: bool) -> *mut u8 {
        if self.0.len() <= region && !extend {
            return ptr::null_mut();
        }
        while self.0.len() <= region {
            self.0.push(Region::zeroed(size));
        }
        self.0[region].at
    }
}

impl Region {
    fn zeroed(size: usize) -> Self {
        #[expect(
            clippy::expect_used,
            reason = "SQLite asks for 32 KiB; the alignment is a power of two"
        )]
        let layout = Layout::from_size_align(size.max(1), 4096).expect("a sane region size");
        // SAFETY: the layout has a size of at least one byte.
        let at = unsafe { alloc_zeroed(layout) };
        if at.is_null() {
            handle_alloc_error(layout);
        }
        Self { at, layout }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: `at` came from `alloc_zeroed` with this very layout, and an index is dropped
        // only after the last connection has unmapped it or together with the whole machine,
        // which every open file keeps alive.
        unsafe { dealloc(self.at, self.layout) }
    }
}
