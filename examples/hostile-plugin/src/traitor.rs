//! Room for what the host gives, from a function that calls the host while the host is calling it.

use std::alloc::{Layout, alloc, realloc};
use std::sync::atomic::{AtomicBool, Ordering};

use super::uis::integration::log;

/// The next time that the host asks for room it is called.
pub static ARMED: AtomicBool = AtomicBool::new(false);

/// The component model's own function, by its own name; it takes the place of the usual one.
///
/// # Safety
/// Called by the host alone, with memory that it got from here, as the component model's canonical ABI says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cabi_realloc(old: *mut u8, old_len: usize, align: usize, new_len: usize) -> *mut u8 {
    if ARMED.swap(false, Ordering::Relaxed) {
        log::write(log::Level::Info, "from within", &[]);
    }
    if new_len == 0 {
        return std::ptr::without_provenance_mut(align);
    }
    // SAFETY: sizes and alignment are the host's, and it keeps to the canonical ABI.
    unsafe {
        if old_len == 0 {
            alloc(Layout::from_size_align_unchecked(new_len, align))
        } else {
            realloc(old, Layout::from_size_align_unchecked(old_len, align), new_len)
        }
    }
}
