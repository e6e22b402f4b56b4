//! What the standard library would bring, and with it imports: memory, and an end for panics. A rule of your own needs it as it is.

use alloc::alloc::{Layout, alloc, realloc};
use core::arch::wasm32::unreachable;

#[global_allocator]
static MEMORY: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unreachable()
}

// Comparing and copying memory is C's, of which nothing else is linked.
#[link(name = "c")]
unsafe extern "C" {
    fn memcmp(left: *const u8, right: *const u8, len: usize) -> i32;
}

#[used]
static COMPARE: unsafe extern "C" fn(*const u8, *const u8, usize) -> i32 = memcmp;

/// The contract's values are put into memory by this: the component model's own function, by its own name.
///
/// # Safety
/// Called by the host alone, with memory that it got from here, as the component model's canonical ABI says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cabi_realloc(old: *mut u8, old_len: usize, align: usize, new_len: usize) -> *mut u8 {
    if new_len == 0 {
        return core::ptr::without_provenance_mut(align);
    }
    // SAFETY: sizes and alignment are the host's, and it keeps to the canonical ABI.
    let memory = unsafe {
        if old_len == 0 {
            alloc(Layout::from_size_align_unchecked(new_len, align))
        } else {
            realloc(old, Layout::from_size_align_unchecked(old_len, align), new_len)
        }
    };
    if memory.is_null() { unreachable() } else { memory }
}
