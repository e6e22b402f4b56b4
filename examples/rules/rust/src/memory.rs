//! A memory allocator and a panic handler, which the standard library would otherwise provide together with imports. Copy this file unchanged
//! into your own rule.

use alloc::alloc::{Layout, alloc, realloc};
use core::arch::wasm32::{memory_grow, unreachable};
use core::mem::{MaybeUninit, replace};

use talc::base::{Talc, binning::Binning};
use talc::cell::TalcSyncCell;
use talc::source::Source;
use talc::wasm::WasmBinning;

#[global_allocator]
static MEMORY: TalcSyncCell<Growing, WasmBinning> = TalcSyncCell::new_wasm(Growing { begun: false });

/// Memory that is there from the beginning and is enough for an ordinary rule. Asking the host for more memory takes as long as everything else
/// that a rule does.
static mut FIRST: [MaybeUninit<u8>; FIRST_BYTES] = [MaybeUninit::uninit(); FIRST_BYTES];
const FIRST_BYTES: usize = 1 << 20;

/// The size of a page, the unit in which a component's memory grows, in bytes.
const PAGE: usize = 64 << 10;

/// The source of memory: first `FIRST`, then memory from the host, up to the limit `rule-memory-bytes`.
#[derive(Debug)]
struct Growing {
    begun: bool,
}

// SAFETY: `acquire` does not allocate.
unsafe impl Source for Growing {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, wanted: Layout) -> Result<(), ()> {
        let (from, len) = if replace(&mut talc.source.begun, true) {
            // One more page for the allocator's own data.
            let pages = (wanted.size() + wanted.align()) / PAGE + 2;
            match memory_grow::<0>(pages) {
                usize::MAX => return Err(()),
                before => (core::ptr::with_exposed_provenance_mut(before * PAGE), pages * PAGE),
            }
        } else {
            ((&raw mut FIRST).cast(), FIRST_BYTES)
        };
        // SAFETY: nothing else uses this memory, and each piece is claimed once.
        unsafe { talc.claim(from, len) }.map(|_| ()).ok_or(())
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unreachable()
}

// Functions for comparing and copying memory come from the C library. Nothing else of it is linked.
#[link(name = "c")]
unsafe extern "C" {
    fn memcmp(left: *const u8, right: *const u8, len: usize) -> i32;
}

#[used]
static COMPARE: unsafe extern "C" fn(*const u8, *const u8, usize) -> i32 = memcmp;

/// Allocates memory for the values that the host passes to the rule. The component model prescribes the name and the signature.
///
/// # Safety
/// Only the host may call it, and only with memory that it got from this function, as the canonical ABI of the component model says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cabi_realloc(old: *mut u8, old_len: usize, align: usize, new_len: usize) -> *mut u8 {
    if new_len == 0 {
        return core::ptr::without_provenance_mut(align);
    }
    // SAFETY: the host passes sizes and an alignment that follow the canonical ABI.
    let memory = unsafe {
        if old_len == 0 {
            alloc(Layout::from_size_align_unchecked(new_len, align))
        } else {
            realloc(old, Layout::from_size_align_unchecked(old_len, align), new_len)
        }
    };
    if memory.is_null() { unreachable() } else { memory }
}
