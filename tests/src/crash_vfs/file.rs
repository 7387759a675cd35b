//! The C side, second part: `sqlite3_io_methods`, which hands every call on an open file to the
//! [`Machine`](super::machine::Machine).
#![allow(
    unsafe_code,
    reason = "a VFS is a table of C functions that get raw pointers; there is no safe way to offer one"
)]
#![expect(
    non_snake_case,
    reason = "the functions carry the names of the C interface that documents them"
)]

use std::ffi::{c_int, c_void};
use std::mem::size_of;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering, fence};

use rusqlite::ffi;

use super::disk::FileId;
use super::locks::HandleId;
use super::vfs::{Shared, guard};

/// What SQLite allocates for each open file.
#[repr(C)]
struct OpenFile {
    base: ffi::sqlite3_file,
    handle: *mut Handle,
}

/// One open file of one connection.
pub(super) struct Handle {
    pub(super) machine: Shared,
    pub(super) file: FileId,
    pub(super) id: HandleId,
    pub(super) name: String,
    pub(super) delete_on_close: bool,
    /// The next successful sync of this file syncs the folder as well.
    pub(super) sync_folder: AtomicBool,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(xClose),
    xRead: Some(xRead),
    xWrite: Some(xWrite),
    xTruncate: Some(xTruncate),
    xSync: Some(xSync),
    xFileSize: Some(xFileSize),
    xLock: Some(xLock),
    xUnlock: Some(xUnlock),
    xCheckReservedLock: Some(xCheckReservedLock),
    xFileControl: Some(xFileControl),
    xSectorSize: Some(xSectorSize),
    xDeviceCharacteristics: Some(xDeviceCharacteristics),
    xShmMap: Some(xShmMap),
    xShmLock: Some(xShmLock),
    xShmBarrier: Some(xShmBarrier),
    xShmUnmap: Some(xShmUnmap),
    xFetch: None,
    xUnfetch: None,
};

/// What SQLite is to allocate for each open file.
pub(super) const SIZE: c_int = size_of::<OpenFile>() as c_int;

/// Makes an open file of the memory that SQLite has set aside for it.
///
/// # Safety
/// `file` must point to [`SIZE`] writable bytes.
pub(super) unsafe fn fill(file: *mut ffi::sqlite3_file, handle: Handle) {
    // SAFETY: there is room by contract; the box is taken back by `xClose`, which SQLite calls
    // once for a file that has methods.
    unsafe {
        (*file.cast::<OpenFile>()).handle = Box::into_raw(Box::new(handle));
        (*file).pMethods = &raw const METHODS;
    }
}

/// # Safety
/// `file` must have been filled by [`fill`] and not yet closed.
unsafe fn handle<'a>(file: *mut ffi::sqlite3_file) -> &'a Handle {
    // SAFETY: `fill` put a boxed handle there, which only `xClose` frees.
    unsafe { &*(*file.cast::<OpenFile>()).handle }
}

unsafe extern "C" fn xClose(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes an open file once; the handle came out of a box in `fill`.
    let handle = unsafe {
        (*file).pMethods = ptr::null();
        Box::from_raw((*file.cast::<OpenFile>()).handle)
    };
    let mut machine = guard(&handle.machine);
    machine.close(handle.file, handle.id);
    if handle.delete_on_close {
        machine.delete(&handle.name, false);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn xRead(
    file: *mut ffi::sqlite3_file,
    out: *mut c_void,
    n: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: an open file, and a buffer of `n` bytes that nobody else uses meanwhile.
    let (handle, out) = unsafe {
        ptr::write_bytes(out.cast::<u8>(), 0, n as usize);
        let out = std::slice::from_raw_parts_mut(out.cast::<u8>(), n as usize);
        (handle(file), out)
    };
    guard(&handle.machine).read(handle.file, at as usize, out)
}

unsafe extern "C" fn xWrite(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    n: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: an open file, and `n` bytes that SQLite does not change during the call.
    let (handle, bytes) = unsafe {
        let bytes = std::slice::from_raw_parts(bytes.cast::<u8>(), n as usize);
        (handle(file), bytes)
    };
    guard(&handle.machine).write(handle.file, &handle.name, at as usize, bytes)
}

unsafe extern "C" fn xTruncate(file: *mut ffi::sqlite3_file, len: ffi::sqlite3_int64) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    guard(&handle.machine).truncate(handle.file, &handle.name, len as usize)
}

unsafe extern "C" fn xSync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    let folder = handle.sync_folder.load(Ordering::SeqCst);
    let code = guard(&handle.machine).sync(handle.file, &handle.name, folder);
    if code == ffi::SQLITE_OK {
        handle.sync_folder.store(false, Ordering::SeqCst);
    }
    code
}

unsafe extern "C" fn xFileSize(
    file: *mut ffi::sqlite3_file,
    out: *mut ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    let machine = guard(&handle.machine);
    if machine.off {
        return ffi::SQLITE_IOERR_FSTAT;
    }
    // SAFETY: `out` is where SQLite wants the answer.
    unsafe { *out = machine.disk.len(handle.file) as ffi::sqlite3_int64 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn xLock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    guard(&handle.machine).lock(handle.file, handle.id, level)
}

unsafe extern "C" fn xUnlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    guard(&handle.machine).unlock(handle.file, handle.id, level);
    ffi::SQLITE_OK
}

unsafe extern "C" fn xCheckReservedLock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: an open file, and `out` is where SQLite wants the answer.
    unsafe {
        let handle = handle(file);
        *out = c_int::from(guard(&handle.machine).reserved(handle.file));
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn xFileControl(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

/// As SQLite's unix and Windows layers answer by default.
unsafe extern "C" fn xSectorSize(_: *mut ffi::sqlite3_file) -> c_int {
    4096
}

unsafe extern "C" fn xDeviceCharacteristics(_: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn xShmMap(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    let mapped = guard(&handle.machine).index_region(
        handle.file,
        handle.id,
        region as usize,
        size as usize,
        extend != 0,
    );
    let (at, code) = match mapped {
        Ok(at) => (at, ffi::SQLITE_OK),
        Err(code) => (ptr::null_mut(), code),
    };
    // SAFETY: `out` is where SQLite wants the address.
    unsafe { *out = at.cast() };
    code
}

unsafe extern "C" fn xShmLock(
    file: *mut ffi::sqlite3_file,
    first: c_int,
    n: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    let slots = ((1_u32 << n) - 1) << first;
    guard(&handle.machine).index_lock(handle.file, handle.id, slots, flags)
}

unsafe extern "C" fn xShmBarrier(file: *mut ffi::sqlite3_file) {
    fence(Ordering::SeqCst);
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    drop(guard(&handle.machine));
}

unsafe extern "C" fn xShmUnmap(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    guard(&handle.machine).leave_index(handle.file, handle.id);
    ffi::SQLITE_OK
}
