//! What the standard library would bring, and with it imports: memory, and an end for panics. A rule of your own needs it as it is.

use alloc::alloc::{Layout, alloc, realloc};
use core::arch::wasm32::{memory_grow, unreachable};
use core::mem::{MaybeUninit, replace};

use talc::base::{Talc, binning::Binning};
use talc::cell::TalcSyncCell;
use talc::source::Source;
use talc::wasm::WasmBinning;

#[global_allocator]
static MEMORY: TalcSyncCell<Growing, WasmBinning> = TalcSyncCell::new_wasm(Growing { begun: false });

/// What an ordinary rule needs, there from the beginning: to ask the host for more costs as much as all else that a rule does.
static mut FIRST: [MaybeUninit<u8>; FIRST_BYTES] = [MaybeUninit::uninit(); FIRST_BYTES];
const FIRST_BYTES: usize = 1 << 20;

/// The unit of a component's memory, in bytes.
const PAGE: usize = 64 << 10;

/// Where memory comes from: what is there first, then from the host, up to its `rule-memory-bytes`.
#[derive(Debug)]
struct Growing {
    begun: bool,
}

// SAFETY: nothing is allocated here.
unsafe impl Source for Growing {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, wanted: Layout) -> Result<(), ()> {
        let (from, len) = if replace(&mut talc.source.begun, true) {
            // A page more, for what is noted about it.
            let pages = (wanted.size() + wanted.align()) / PAGE + 2;
            match memory_grow::<0>(pages) {
                usize::MAX => return Err(()),
                before => (core::ptr::with_exposed_provenance_mut(before * PAGE), pages * PAGE),
            }
        } else {
            ((&raw mut FIRST).cast(), FIRST_BYTES)
        };
        // SAFETY: nobody else has that memory, and each piece is given once.
        unsafe { talc.claim(from, len) }.map(|_| ()).ok_or(())
    }
}

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
