//! The C side, first part: `sqlite3_vfs`, which opens, removes and finds files on the machine in
//! its slot.
#![allow(
    unsafe_code,
    reason = "a VFS is a table of C functions that get raw pointers; there is no safe way to offer one"
)]
#![expect(
    non_snake_case,
    reason = "the functions carry the names of the C interface that documents them"
)]

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::ffi;

use super::file;
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
        szOsFile: file::SIZE,
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
    let create = flags & ffi::SQLITE_OPEN_CREATE != 0;
    let opened = locked.open(name.as_deref(), create);
    let id = locked.new_handle();
    drop(locked);
    let file_id = match opened {
        Ok(id) => id,
        Err(code) => return code,
    };
    let delete_on_close = flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0 && name.is_some();
    let log = ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL | ffi::SQLITE_OPEN_WAL;
    let handle = file::Handle {
        machine,
        sync_folder: AtomicBool::new(create && flags & log != 0),
        file: file_id,
        id,
        delete_on_close,
        name: name.unwrap_or_else(|| "(temporary)".to_owned()),
    };
    // SAFETY: `file` has the `szOsFile` bytes we asked for, `out_flags` is null or writable.
    unsafe {
        file::fill(file, handle);
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
