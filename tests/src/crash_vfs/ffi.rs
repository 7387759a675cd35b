//! The C side: `sqlite3_vfs` and `sqlite3_io_methods` that hand every call to the [`Machine`].
#![allow(
    unsafe_code,
    reason = "a VFS is a table of C functions that get raw pointers; there is no safe way to offer one"
)]
#![expect(
    non_snake_case,
    reason = "the functions carry the names of the C interface that documents them"
)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::mem::size_of;
use std::ptr;
use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::ffi;

use super::disk::FileId;
use super::locks::HandleId;
use super::machine::Machine;

pub(super) type Shared = Arc<Mutex<Machine>>;

/// A registered VFS. It is never freed, since SQLite may hold its address in any connection; a
/// slot whose machine has no open file left is used again for the next machine.
pub(super) struct Slot {
    pub(super) name: String,
    machine: Mutex<Option<Shared>>,
}

static FREE: Mutex<Vec<&'static Slot>> = Mutex::new(Vec::new());
static MADE: Mutex<u64> = Mutex::new(0);

pub(super) fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A test that panicked must not hide its reason behind a poisoned lock elsewhere.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn install(machine: &Shared) -> &'static Slot {
    let free = guard(&FREE).pop();
    let slot = free.unwrap_or_else(make_slot);
    *guard(&slot.machine) = Some(Arc::clone(machine));
    slot
}

/// Takes the machine out of its slot. Connections that are still open keep theirs alive, and then
/// the slot is not used again.
pub(super) fn uninstall(slot: &'static Slot) {
    let machine = guard(&slot.machine).take();
    // One count is this local one, the other the caller's.
    if machine.is_some_and(|m| Arc::strong_count(&m) <= 2) {
        guard(&FREE).push(slot);
    }
}

#[expect(
    clippy::expect_used,
    reason = "a name without NUL, and a registration that allocates nothing"
)]
fn make_slot() -> &'static Slot {
    let number = {
        let mut made = guard(&MADE);
        *made += 1;
        *made
    };
    let name = format!("crash-{number}");
    let c_name = CString::new(name.clone()).expect("no NUL in the name");
    let slot: &'static Slot = Box::leak(Box::new(Slot {
        name,
        machine: Mutex::new(None),
    }));
    let vfs = Box::leak(Box::new(ffi::sqlite3_vfs {
        iVersion: 2,
        szOsFile: size_of::<OpenFile>() as c_int,
        mxPathname: 1024,
        pNext: ptr::null_mut(),
        zName: c_name.into_raw(),
        pAppData: ptr::from_ref(slot).cast_mut().cast(),
        xOpen: Some(xOpen),
        xDelete: Some(xDelete),
        xAccess: Some(xAccess),
        xFullPathname: Some(xFullPathname),
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(xRandomness),
        xSleep: Some(xSleep),
        xCurrentTime: Some(xCurrentTime),
        xGetLastError: Some(xGetLastError),
        xCurrentTimeInt64: Some(xCurrentTimeInt64),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }));
    // SAFETY: `vfs`, its name and its slot are leaked and so outlive every use by SQLite.
    let code = unsafe { ffi::sqlite3_vfs_register(vfs, 0) };
    assert_eq!(code, ffi::SQLITE_OK, "sqlite3_vfs_register");
    slot
}

/// What SQLite allocates for each open file.
#[repr(C)]
struct OpenFile {
    base: ffi::sqlite3_file,
    handle: *mut Handle,
}

struct Handle {
    machine: Shared,
    file: FileId,
    id: HandleId,
    name: String,
    delete_on_close: bool,
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

/// The machine behind a VFS, if it is still in its slot.
///
/// # Safety
/// `vfs` must be one that `make_slot` registered.
unsafe fn machine_of(vfs: *mut ffi::sqlite3_vfs) -> Option<Shared> {
    // SAFETY: by contract `pAppData` is the leaked slot put there by `make_slot`.
    let slot = unsafe { &*(*vfs).pAppData.cast::<Slot>() };
    guard(&slot.machine).clone()
}

/// # Safety
/// `file` must have been opened by `xOpen` and not yet closed.
unsafe fn handle<'a>(file: *mut ffi::sqlite3_file) -> &'a Handle {
    // SAFETY: `xOpen` put a boxed handle there, which only `xClose` frees.
    unsafe { &*(*file.cast::<OpenFile>()).handle }
}

/// # Safety
/// `text` must be null or a NUL-terminated string.
unsafe fn text(text: *const c_char) -> Option<String> {
    (!text.is_null()).then(|| {
        // SAFETY: not null, and NUL-terminated by contract.
        unsafe { CStr::from_ptr(text) }
            .to_string_lossy()
            .into_owned()
    })
}

unsafe extern "C" fn xOpen(
    vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives `szOsFile` bytes; without methods it will not call xClose.
    unsafe { (*file).pMethods = ptr::null() };
    // SAFETY: SQLite calls this with the VFS it belongs to and a C string or null.
    let (machine, name) = unsafe { (machine_of(vfs), text(name)) };
    let Some(machine) = machine else {
        return ffi::SQLITE_CANTOPEN;
    };
    let mut locked = guard(&machine);
    let opened = locked.open(name.as_deref(), flags & ffi::SQLITE_OPEN_CREATE != 0);
    let id = locked.new_handle();
    drop(locked);
    let file_id = match opened {
        Ok(id) => id,
        Err(code) => return code,
    };
    let handle = Box::new(Handle {
        machine,
        file: file_id,
        id,
        delete_on_close: flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0 && name.is_some(),
        name: name.unwrap_or_else(|| "(temporary)".to_owned()),
    });
    // SAFETY: `file` has room for an `OpenFile`, `out_flags` is null or writable.
    unsafe {
        (*file.cast::<OpenFile>()).handle = Box::into_raw(handle);
        (*file).pMethods = &raw const METHODS;
        if !out_flags.is_null() {
            *out_flags = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn xDelete(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync_folder: c_int,
) -> c_int {
    // SAFETY: SQLite calls this with the VFS it belongs to and a C string.
    match unsafe { (machine_of(vfs), text(name)) } {
        (Some(machine), Some(name)) => guard(&machine).delete(&name, sync_folder != 0),
        _ => ffi::SQLITE_IOERR_DELETE,
    }
}

unsafe extern "C" fn xAccess(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite calls this with the VFS it belongs to and a C string.
    let (Some(machine), Some(name)) = (unsafe { (machine_of(vfs), text(name)) }) else {
        return ffi::SQLITE_IOERR_ACCESS;
    };
    let machine = guard(&machine);
    let yes = if flags == ffi::SQLITE_ACCESS_EXISTS {
        machine.exists(&name)
    } else {
        machine.disk.find(&name).is_some()
    };
    // SAFETY: `out` is where SQLite wants the answer.
    unsafe { *out = c_int::from(yes) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn xFullPathname(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: `name` is a C string.
    let bytes = unsafe { CStr::from_ptr(name) }.to_bytes_with_nul();
    if bytes.len() > room as usize {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: `out` has `room` bytes, which is enough, and does not overlap the caller's name.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len()) };
    ffi::SQLITE_OK
}

/// The operating system's own VFS, for what has nothing to do with files: time and noise.
fn system() -> *mut ffi::sqlite3_vfs {
    // SAFETY: a null name asks for the default VFS; ours never is.
    unsafe { ffi::sqlite3_vfs_find(ptr::null()) }
}

unsafe extern "C" fn xRandomness(_: *mut ffi::sqlite3_vfs, n: c_int, out: *mut c_char) -> c_int {
    let system = system();
    // SAFETY: the arguments are SQLite's own, handed on to its own function.
    unsafe { (*system).xRandomness.map_or(0, |f| f(system, n, out)) }
}

unsafe extern "C" fn xSleep(_: *mut ffi::sqlite3_vfs, micros: c_int) -> c_int {
    std::thread::sleep(Duration::from_micros(micros.max(0) as u64));
    micros
}

unsafe extern "C" fn xCurrentTime(_: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    let system = system();
    // SAFETY: as in `xRandomness`.
    unsafe {
        (*system)
            .xCurrentTime
            .map_or(ffi::SQLITE_ERROR, |f| f(system, out))
    }
}

unsafe extern "C" fn xCurrentTimeInt64(
    _: *mut ffi::sqlite3_vfs,
    out: *mut ffi::sqlite3_int64,
) -> c_int {
    let system = system();
    // SAFETY: as in `xRandomness`.
    unsafe {
        (*system)
            .xCurrentTimeInt64
            .map_or(ffi::SQLITE_ERROR, |f| f(system, out))
    }
}

unsafe extern "C" fn xGetLastError(_: *mut ffi::sqlite3_vfs, _: c_int, _: *mut c_char) -> c_int {
    0
}

unsafe extern "C" fn xClose(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes an open file once; the handle came out of a box in `xOpen`.
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
    guard(&handle.machine).sync(handle.file, &handle.name)
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
