//! An allocator for the host's values that calls the host while the host is calling the allocator.

use std::alloc::{Layout, alloc, realloc};
use std::sync::atomic::{AtomicBool, Ordering};

use super::uis::integration::log;

/// If true, the next allocation calls the host.
pub static ARMED: AtomicBool = AtomicBool::new(false);

/// Replaces the usual allocation function. The component model prescribes the name and the signature.
///
/// # Safety
/// Only the host may call it, and only with memory that it got from this function, as the canonical ABI of the component model says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cabi_realloc(old: *mut u8, old_len: usize, align: usize, new_len: usize) -> *mut u8 {
    if ARMED.swap(false, Ordering::Relaxed) {
        log::write(log::Level::Info, "from within", &[]);
    }
    if new_len == 0 {
        return std::ptr::without_provenance_mut(align);
    }
    // SAFETY: the host passes sizes and an alignment that follow the canonical ABI.
    unsafe {
        if old_len == 0 {
            alloc(Layout::from_size_align_unchecked(new_len, align))
        } else {
            realloc(old, Layout::from_size_align_unchecked(old_len, align), new_len)
        }
    }
}
