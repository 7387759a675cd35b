//! Why something was refused: a stable code for programs, a Vietnamese sentence for the officer.
//!
//! The sentence says what happened, what is safe and what to do (`ui/guide.md` §5). The code
//! never changes its meaning once released; programs match on it, never on the sentence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Stable codes. "Cannot now" codes are refusals; `*_FAULT` codes are faults of machine or disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Code {
    // ---- any input ----
    /// The argument is not the JSON shape the command asks for.
    ArgumentInvalid,
    /// A required field is empty.
    FieldRequired,
    /// A field is longer than its limit.
    FieldTooLong,
    /// A field holds characters that no name or address has (control, emoji, direction marks).
    FieldCharacters,
    /// A number is outside what makes sense.
    NumberOutOfRange,
    /// This version of the program cannot do that yet.
    Unsupported,
    /// No command or query of that name.
    UnknownCommand,
    /// The same command id was used for something else.
    CommandIdReused,
    /// The thing that was named does not exist.
    NotFound,
    /// This role may not do that.
    NotAllowed,
    /// The officer's name is not among this branch's officers.
    OfficerUnknown,

    // ---- citizen card, tax code, phone ----
    /// Nothing was scanned.
    CardEmpty,
    /// The text is not that of a citizen card.
    CardNotACard,
    /// The text is a citizen card's, but parts are missing.
    CardDamaged,
    /// The identity number is not 12 digits (or 9 for the old card).
    CardNumberInvalid,
    /// A date on the card does not exist.
    CardDateInvalid,
    /// The tax code has the wrong shape or check digit.
    TaxCodeInvalid,
    /// The phone number has the wrong shape.
    PhoneInvalid,

    // ---- calendar ----
    /// A date that does not exist, or not in ISO form.
    DateInvalid,
    /// A time limit outside what any law sets.
    LimitInvalid,
    /// The calendar has no holidays for that year.
    CalendarUnknownYear,
    /// The calendar file contradicts itself.
    CalendarInvalid,

    // ---- catalogue ----
    /// The file is not a catalogue in any form we read.
    CatalogueUnreadable,
    /// A row has no procedure code.
    ProcedureCodeMissing,
    /// A row has no procedure name.
    ProcedureNameMissing,
    /// The same code stands twice in one file with different content.
    ProcedureDuplicate,
    /// A row has a value that cannot be read.
    ProcedureInvalid,
    /// No such procedure in force.
    ProcedureUnknown,

    // ---- visit ----
    /// The service is not offered here.
    ServiceUnknown,
    /// The service gives no more tickets today.
    ServiceClosed,
    /// The counter does not exist.
    CounterUnknown,
    /// The counter already has somebody called or being served.
    CounterBusy,
    /// Another officer sits at the counter.
    CounterTaken,
    /// Nobody has opened the counter.
    CounterNotOpen,
    /// The act is not possible in the visit's present state.
    VisitState,
    /// Somebody else has just called this person.
    VisitAlreadyCalled,
    /// A recall so soon after the last.
    RecallTooSoon,
    /// The recall limit is reached; the person may be marked absent.
    RecallLimit,
    /// Too late to undo.
    UndoTooLate,
    /// The visit belongs to another business day.
    VisitOtherDay,
    /// Missed person called again before the cool-down is over.
    MissedCooldown,
    /// Nobody else can be booked into the slot.
    SlotFull,
    /// Appointments of the service do not begin at that time.
    SlotUnknown,
    /// The numbers of this series are used up for the day.
    NumbersExhausted,
    /// Somebody has shown this slip of the paper roll today.
    PaperNumberTaken,
    /// The business day is already closed.
    DayClosed,
    /// The computer's clock went backwards or far ahead.
    ClockJumped,

    // ---- case ----
    /// A paper index that the procedure does not have, or twice the same.
    PaperIndexInvalid,
    /// A paper count outside 0–99.
    PaperCountInvalid,
    /// The case code does not follow the pattern.
    CaseCodeInvalid,
    /// The pattern of case codes is itself wrong.
    CasePatternInvalid,
    /// A required paper is missing and no ground for going on was given.
    PapersMissing,
    /// The act is not possible in the case's present status.
    CaseStatus,
    /// Somebody else did something with the case since it was looked at.
    CaseChanged,
    /// The result was promised for another date once already.
    CasePostponedBefore,
    /// Another date can be given at the latest one day before the old one.
    CasePostponeTooLate,
    /// The case has no due time.
    CaseNoDueTime,
    /// Somebody else than the owner came for the result without an authorisation.
    AuthorisationMissing,
    /// Nothing is due of a case's fee.
    FeeNotDue,
    /// The payment was taken back before.
    FeeReversedBefore,

    // ---- scans and files ----
    /// No scanner is chosen, or the chosen one is not there.
    ScannerMissing,
    /// Paper is jammed in the scanner.
    ScannerJam,
    /// The scanner's feeder is empty.
    ScannerEmpty,
    /// The scanner's cover is open.
    ScannerOpen,
    /// Somebody else, or an earlier scan, uses the scanner.
    ScannerBusy,
    /// The scanner failed in some other way.
    DocumentScannerFault,
    /// The watched folder is not there or cannot be read.
    ScanFolderMissing,
    /// A file was taken in and cannot be taken out of the watched folder.
    ScanFolderReadOnly,
    /// A file in the watched folder cannot be read as PDF, JPEG, PNG or TIFF.
    ScanFileBroken,
    /// A PDF is locked with a password.
    ScanFileLocked,
    /// There is no page.
    ScanEmpty,
    /// More pages than a paper may have.
    ScanTooManyPages,
    /// More bytes than a paper may have.
    ScanTooLarge,
    /// The code of a paper is in use within the case.
    PaperCodeTaken,
    /// The file is not on this machine.
    BlobMissing,
    /// The file is not what its address says.
    BlobDamaged,
    /// A piece of a file does not follow what is there.
    BlobOffset,
    /// The earlier paper belongs to somebody else, or is no longer there.
    ReuseNotTheirs,

    // ---- documents and printing ----
    /// No printable of that kind.
    DocumentUnknown,
    /// A font or form text is missing or broken.
    AssetFault,
    /// A page cannot be drawn on the screen; it can be printed all the same.
    PreviewFault,
    /// The printer could not be reached; the paper is kept.
    PrinterFault,
    /// No printer is set up for this kind of paper.
    PrinterUnknown,
    /// The scanner's port could not be opened; typing still works.
    ScannerFault,

    // ---- store ----
    /// The disk is full; what was acknowledged is safe.
    DiskFull,
    /// The folder or file cannot be written.
    ReadOnly,
    /// The file was written by a newer version of the app.
    StoreNewer,
    /// The file is damaged.
    StoreDamaged,
    /// The folder is on a network share, where SQLite cannot promise durability.
    NetworkShare,
    /// Another process holds this folder.
    FolderInUse,
    /// The folder holds an older copy of this device's history (restored or cloned).
    HistoryRewound,
    /// The folder has no branch yet.
    NoBranch,
    /// The folder has a branch already.
    BranchExists,
    /// The branch document was changed since it was read.
    BranchChanged,
    /// Somebody still waits for a service that was to go, or is booked for it.
    ServiceInUse,
    /// Somebody sits at a counter that was to go, or waits for it.
    CounterInUse,
    /// An officer who was to go sits at a counter.
    OfficerInUse,
    /// Nobody would be left who may change the branch.
    AdministratorMissing,
    /// The backup file is not one of ours, or is damaged.
    BackupInvalid,
    // ---- several counters ----
    /// The hub does not answer, and this cannot be done alone.
    HubAway,
    /// Whoever answers at the hub's address is not the hub that this counter was paired with.
    HubForeign,
    /// The folder is not a counter of any hub, or no hub runs on it.
    NotPaired,
    /// The pairing code is wrong.
    PairCodeWrong,
    /// The pairing code is older than five minutes.
    PairCodeExpired,
    /// The pairing code was used before.
    PairCodeUsed,
    /// Too many wrong codes, or too many open ones.
    PairTooMany,
    /// The hub does not know this device, or no longer.
    DeviceUnknown,
    /// The central system does not answer.
    CentralAway,
    /// Whoever answers at central's address is not central.
    CentralForeign,
    /// The code for enrolling is wrong, used, or too old.
    EnrolCodeWrong,
    /// The device did not show that it has its key.
    DeviceUnproven,
    /// The device is known to central under another office or another key.
    DeviceOther,
    /// The device belongs to another branch.
    BranchOther,
    /// The office numbers for another agency.
    AgencyOther,
    /// Case codes that this branch holds or gave out are another branch's too.
    CodesClash,
    /// A bundle of central's is cut, changed or no bundle at all.
    BundleDamaged,
    /// A bundle of central's does not bear the signature of the central that was joined.
    BundleSignature,
    /// A bundle of central's is larger than its kind may be.
    BundleTooLarge,
    /// A bundle of central's is for another office.
    BundleOffice,
    /// A bundle of central's is older than what was taken in before.
    BundleOlder,
    /// A bundle of central's does not hold yet, and can only be taken in once it does.
    BundleEarly,
    /// Something in a bundle of central's is not possible here; all of it is refused.
    BundleContent,
    /// A bundle of central's would leave the branch without supervisor or administrator.
    BundleStaff,
    /// The two programs are too far apart in version.
    ProtocolOther,
    /// No key is known for which records on a stick could be sealed.
    SealKeyMissing,
    /// A file of records is none, is damaged or was cut.
    StickInvalid,
    /// A file of records is for another central, or of another office.
    StickOther,
    /// The hub has counters that would lose it; the officer has to say so.
    HubHasCounters,
    /// The network address is in use by another program, or cannot be opened.
    AddressTaken,
    /// The invitation is not one, or was read in part.
    InvitationInvalid,
    // ---- self-service ----
    /// The code with which a self-service terminal is left is wrong.
    KioskCodeWrong,
    /// Too many wrong codes; one has to wait.
    KioskTooMany,
    /// The machine is a self-service terminal: this is for officers, after it was left.
    KioskMode,

    /// Some other fault of storage.
    StoreFault,
    /// A fault inside the program itself.
    InternalFault,
}

/// A refusal: `code` for programs, `message` for the officer, `field` names the input at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Stable code.
    pub code: Code,
    /// One or two Vietnamese sentences.
    pub message: String,
    /// Path of the input field at fault, dotted as on the wire (`applicant.phone`).
    pub field: Option<String>,
}

impl Refusal {
    /// A refusal not tied to one input field.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: None,
        }
    }

    /// Names the field at fault.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Puts a parent before the field's path: `phone` within `applicant` is `applicant.phone`.
    #[must_use]
    pub fn within(mut self, parent: &str) -> Self {
        self.field = Some(match self.field {
            Some(field) => format!("{parent}.{field}"),
            None => parent.to_owned(),
        });
        self
    }
}

/// What a rule answers.
pub type Result<T, E = Refusal> = std::result::Result<T, E>;
