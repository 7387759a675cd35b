//! Every command and query: its name, who may use it, its argument and its answer.
//!
//! The list below is the public surface. The window, the HTTP API and the command line all go
//! through it; names and shapes may grow but are never taken away.

pub mod admin;
pub mod board;
pub mod booking;
pub mod case;
pub mod case_acts;
pub mod central;
pub mod citizen;
pub mod counter;
pub mod fee;
pub mod hub;
pub mod issuing;
pub mod kiosk;
pub mod look_up;
pub mod machine;
pub mod notice;
pub mod paper;
pub mod queue;
pub mod rating;
pub mod report;
pub mod scan;
pub mod sync;
pub mod visit;
pub mod watch;

use motcua_domain::branch::Role;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Serialize, de::DeserializeOwned};
use ts_rs::TS;

/// A command changes something and is recorded; a query only looks; an act changes this machine
/// and not the branch: nothing is recorded, and doing it twice is doing it once. Looking up in a
/// register is an act too, although it is recorded that it was done: nobody waits for a register
/// while a transaction is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Writes events.
    Command,
    /// Reads.
    Query,
    /// Changes this machine.
    Act,
}

/// A command or query, implemented by its argument type.
pub trait Verb: DeserializeOwned + JsonSchema + TS + 'static {
    /// What it answers.
    type Answer: Serialize + JsonSchema + TS + 'static;
    /// Dotted name.
    const NAME: &'static str;
    /// Command or query.
    const KIND: Kind;
    /// Who may; empty means everybody.
    const ROLES: &'static [Role];
}

/// A verb, described.
pub struct Info {
    /// Dotted name.
    pub name: &'static str,
    /// Command or query.
    pub kind: Kind,
    /// Who may; empty means everybody.
    pub roles: &'static [Role],
    /// JSON schema of the argument and of the answer.
    pub schemas: fn() -> (serde_json::Value, serde_json::Value),
    /// TypeScript names of both, after exporting them and all they need.
    pub export: fn(&ts_rs::Config) -> Result<(String, String), ts_rs::ExportError>,
}

fn schema<T: JsonSchema>() -> serde_json::Value {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

fn info<V: Verb>() -> Info {
    Info {
        name: V::NAME,
        kind: V::KIND,
        roles: V::ROLES,
        schemas: || (schema::<V>(), schema::<V::Answer>()),
        export: |cfg| {
            V::export_all(cfg).or_else(inline_only)?;
            V::Answer::export_all(cfg).or_else(inline_only)?;
            Export::<V::Answer>::dependencies(cfg)?;
            Ok((V::name(cfg), V::Answer::name(cfg)))
        },
    }
}

/// `Vec<T>`, `Option<T>` and the like have no file of their own; what they hold does.
fn inline_only(error: ts_rs::ExportError) -> Result<(), ts_rs::ExportError> {
    match error {
        ts_rs::ExportError::CannotBeExported(_) => Ok(()),
        other => Err(other),
    }
}

struct Export<T>(std::marker::PhantomData<T>);

impl<T: TS + 'static> Export<T> {
    fn dependencies(cfg: &ts_rs::Config) -> Result<(), ts_rs::ExportError> {
        struct Visitor<'a>(&'a ts_rs::Config, Result<(), ts_rs::ExportError>);
        impl ts_rs::TypeVisitor for Visitor<'_> {
            fn visit<U: TS + 'static + ?Sized>(&mut self) {
                if self.1.is_ok() {
                    self.1 = U::export_all(self.0).or_else(inline_only);
                }
            }
        }
        let mut visitor = Visitor(cfg, Ok(()));
        T::visit_dependencies(&mut visitor);
        T::visit_generics(&mut visitor);
        visitor.1
    }
}

macro_rules! verbs {
    ($( $kind:ident $name:literal $args:path => $answer:ty $(, [$($role:ident),*])? ;)*) => {
        $(
            impl Verb for $args {
                type Answer = $answer;
                const NAME: &'static str = $name;
                const KIND: Kind = Kind::$kind;
                const ROLES: &'static [Role] = &[$($(Role::$role),*)?];
            }
        )*
        /// Every verb there is, in this order.
        pub fn all() -> Vec<Info> {
            vec![$(info::<$args>()),*]
        }
    };
}

verbs! {
    // ---- visits and the queue ----
    Command "visit.register" visit::Register => visit::Registered, [Officer, Reception, Supervisor];
    Command "visit.book" visit::Book => visit::Booked, [Officer, Reception, Supervisor];
    Query "visit.slots" booking::Slots => booking::SlotsAnswer, [Officer, Reception, Supervisor];
    Query "visit.bookings" booking::Bookings => booking::BookingsAnswer, [Officer, Reception, Supervisor];
    Query "visit.of_slip" booking::OfSlip => queue::Row, [Officer, Reception, Supervisor];
    Command "visit.move" booking::Move => visit::Booked, [Officer, Reception, Supervisor];
    Command "visit.cancel" booking::Cancel => booking::Cancelled, [Officer, Reception, Supervisor];
    Command "visit.check_in" visit::CheckIn => visit::Registered, [Officer, Reception, Supervisor];
    Command "visit.identify" visit::Identify => visit::LegAnswer, [Officer, Reception, Supervisor];
    Command "visit.classify" visit::Classify => visit::LegAnswer, [Officer, Reception, Supervisor];
    Command "visit.refuse_dossier" visit::RefuseDossier => visit::DossierTurnedAway, [Officer, Supervisor];
    Query "visit.get" visit::Get => visit::VisitView;
    Query "visit.log" visit::Log => Vec<visit::LogLine>;
    Query "queue.snapshot" queue::Snapshot => queue::SnapshotAnswer;
    Query "queue.watch" watch::Watch => watch::WatchAnswer;
    Query "queue.preview" queue::Preview => queue::PreviewAnswer;
    Command "queue.call_next" queue::CallNext => Option<queue::Called>, [Officer, Supervisor];
    Command "queue.call" queue::Call => queue::Called, [Officer, Supervisor];
    Command "queue.jump" queue::Jump => visit::LegAnswer, [Supervisor];
    Command "queue.issuing" issuing::Issuing => issuing::IssuingAnswer, [Supervisor];
    Command "leg.recall" visit::Recall => visit::LegAnswer, [Officer, Supervisor];
    Command "leg.undo_call" visit::UndoCall => visit::LegAnswer, [Officer, Supervisor];
    Command "leg.start" visit::Start => visit::LegAnswer, [Officer, Supervisor];
    Command "leg.hold" visit::Hold => visit::LegAnswer, [Officer, Supervisor];
    Command "leg.resume" visit::Resume => visit::LegAnswer, [Officer, Supervisor];
    Command "leg.miss" visit::Miss => visit::LegAnswer, [Officer, Supervisor];
    Command "leg.return" visit::Return => visit::LegAnswer, [Officer, Reception, Supervisor];
    Command "leg.no_show" visit::NoShow => visit::LegAnswer, [Officer, Supervisor];
    Command "leg.transfer" visit::Transfer => visit::LegAnswer, [Officer, Supervisor];
    Command "leg.add_service" visit::AddService => visit::LegAnswer, [Officer, Reception, Supervisor];
    Command "leg.finish" visit::Finish => visit::LegAnswer, [Officer, Supervisor];
    Command "leg.leave" visit::Leave => visit::LegAnswer, [Officer, Reception, Supervisor];
    Command "leg.void" visit::Void => visit::LegAnswer, [Officer, Reception, Supervisor];
    Command "leg.reopen" visit::Reopen => visit::LegAnswer, [Officer, Supervisor];
    Query "desk.get" queue::Desk => queue::DeskAnswer;
    Query "day.figures" queue::DayFigures => queue::DayFiguresAnswer;
    Query "day.open_legs" queue::OpenLegs => Vec<queue::Row>;
    Command "day.close" queue::CloseDay => queue::CloseDayAnswer, [Supervisor];

    // ---- who sits at the counters ----
    Command "counter.open" counter::Open => counter::CounterAnswer, [Officer, Supervisor];
    Command "counter.break" counter::Break => counter::CounterAnswer, [Officer, Supervisor];
    Command "counter.resume" counter::Resume => counter::CounterAnswer, [Officer, Supervisor];
    Command "counter.close" counter::Close => counter::CounterAnswer, [Officer, Supervisor];
    Query "counter.shifts" counter::Shifts => counter::ShiftsAnswer;

    // ---- the board in the hall ----
    Query "board.get" board::Get => board::Board;

    // ---- the self-service terminal ----
    Query "kiosk.get" kiosk::Get => kiosk::Kiosk;
    Query "kiosk.greet" kiosk::Greet => kiosk::Greeting;
    Command "kiosk.register" kiosk::Register => visit::Registered, [Officer, Reception, Supervisor];
    Command "kiosk.print" kiosk::Print => kiosk::PaperState, [Officer, Reception, Supervisor];
    Query "kiosk.paper" kiosk::Paper => kiosk::PaperState;
    Command "kiosk.enter" kiosk::Enter => kiosk::KioskMode, [Supervisor];
    Command "kiosk.leave" kiosk::Leave => kiosk::KioskMode, [Supervisor];

    // ---- cases ----
    Command "case.receive" case::Receive => case::ReceiveAnswer, [Officer, Supervisor];
    Query "case.get" case::Get => case::CaseView;
    Command "case.request_supplement" case_acts::RequestSupplement => case_acts::ActAnswer, [Officer, Supervisor];
    Command "case.complete_supplement" case_acts::CompleteSupplement => case_acts::ActAnswer, [Officer, Supervisor];
    Command "case.refuse" case_acts::Refuse => case_acts::ActAnswer, [Officer, Supervisor];
    Command "case.postpone" case_acts::Postpone => case_acts::ActAnswer, [Officer, Supervisor];
    Command "case.withdraw" case_acts::Withdraw => case_acts::ActAnswer, [Officer, Supervisor];
    Command "case.stop" case_acts::Stop => case_acts::ActAnswer, [Officer, Supervisor];
    Command "case.hand_over" case_acts::HandOver => case_acts::ActAnswer, [Officer, Supervisor];
    Command "case.hand_over_many" case_acts::HandOverMany => case_acts::HandedOverMany, [Officer, Supervisor];
    Command "case.accept" case_acts::Accept => case_acts::ActAnswer, [Officer, Supervisor];
    Command "case.take_back" case_acts::TakeBack => case_acts::ActAnswer, [Officer, Supervisor];
    Command "case.receive_result" case_acts::ReceiveResult => case_acts::ActAnswer, [Officer, Supervisor];
    Command "case.return_result" case_acts::ReturnResult => case_acts::ActAnswer, [Officer, Reception, Supervisor];
    Command "case.undo" case_acts::Undo => case_acts::UndoAnswer, [Officer, Reception, Supervisor];
    Query "case.common_papers" case_acts::CommonPapers => Vec<paper::PaperKind>;
    Command "case.attach" scan::Attach => case::CaseView, [Officer, Reception, Supervisor];
    Command "case.detach" scan::Detach => case::CaseView, [Officer, Supervisor];
    Query "case.attachment" scan::AttachmentGet => paper::Rendered;
    Query "case.reusable" scan::Reusable => Vec<scan::ReusablePaper>;
    Query "scan.get" scan::Get => scan::Tray;
    Query "scan.page" scan::PageGet => scan::Picture;
    Act "scan.devices" scan::Devices => Vec<scan::Device>, [Officer, Reception, Supervisor];
    Act "scan.setup" scan::Setup => scan::Tray, [Officer, Reception, Supervisor];
    Act "scan.folder" scan::Folder => scan::Tray, [Supervisor, Admin];
    Act "scan.start" scan::Start => scan::Tray, [Officer, Reception, Supervisor];
    Act "scan.stop" scan::Stop => scan::Tray, [Officer, Reception, Supervisor];
    Act "scan.edit" scan::Edit => scan::Tray, [Officer, Reception, Supervisor];
    Act "scan.bind" scan::Bind => motcua_domain::case::Blob, [Officer, Reception, Supervisor];
    Query "case.search" case::Search => Vec<case::CaseRow>;
    Query "case.understood" case::UnderstoodAsk => case::Understood;
    Query "catalogue.get" case::CatalogueGet => case::CatalogueEntry;
    Query "catalogue.search" case::CatalogueSearch => Vec<case::CatalogueHit>;
    Command "catalogue.import" case::CatalogueImport => case::CatalogueImported, [Supervisor, Admin];
    Query "calendar.due" case::CalendarDue => case::DueAnswer;
    Query "fee.qr" fee::FeeQr => fee::FeeQrAnswer;
    Command "fee.charge" fee::Charge => case_acts::ActAnswer, [Officer, Supervisor];
    Command "fee.pay" fee::Pay => case_acts::ActAnswer, [Officer, Supervisor];
    Command "fee.reverse" fee::Reverse => case_acts::ActAnswer, [Officer, Supervisor];
    Query "fee.day" fee::Day => fee::CashDay, [Officer, Supervisor];
    Query "book.get" report::Book => report::BookAnswer, [Officer, Reception, Supervisor];

    // ---- telling citizens ----
    Command "case.set_contact" notice::SetContact => case::CaseView, [Officer, Reception, Supervisor];
    Query "notice.list" notice::NoticeListAsk => notice::NoticeList, [Officer, Reception, Supervisor];
    Command "notice.called" notice::NoticeCalled => notice::NoticeList, [Officer, Reception, Supervisor];
    Query "notice.setup" notice::NoticeSetup => notice::NoticeSetupAnswer, [Supervisor, Admin];
    Command "notice.configure" notice::NoticeConfigure => notice::NoticeSetupAnswer, [Supervisor, Admin];
    Act "notice.test" notice::NoticeTest => notice::NoticeTested, [Supervisor, Admin];

    // ---- what citizens say ----
    Query "rating.prompt" rating::RatingPrompt => rating::RatingScreen;
    Command "rating.give" rating::RatingGive => rating::RatingThanks;
    Command "rating.enter_slip" rating::RatingEnterSlip => rating::RatingThanks, [Supervisor];
    Query "rating.figures" rating::RatingFiguresAsk => rating::RatingFigures, [Supervisor];
    Query "complaint.list" rating::ComplaintList => Vec<rating::ComplaintView>, [Supervisor];
    Command "complaint.note" rating::ComplaintNote => rating::ComplaintView, [Officer, Reception, Supervisor];
    Command "complaint.handle" rating::ComplaintHandle => rating::ComplaintView, [Supervisor];

    // ---- people ----
    Query "identity.parse" citizen::IdentityParse => motcua_domain::identity::card::Card;
    Query "citizen.find" citizen::Find => Vec<citizen::Known>;
    Act "citizen.look_up" look_up::Citizen => look_up::LookedUp, [Officer, Reception, Supervisor];
    Act "enterprise.look_up" look_up::Enterprise => look_up::LookedUp, [Officer, Reception, Supervisor];
    Query "citizen.check" citizen::Check => citizen::Checked;
    Query "units.search" citizen::UnitsSearch => Vec<citizen::UnitHit>;

    // ---- papers and printers ----
    Query "document.render" paper::Render => paper::Rendered;
    Query "document.preview" paper::Preview => paper::PreviewAnswer, [Officer, Reception, Supervisor];
    Command "print.submit" paper::Submit => paper::Job, [Officer, Reception, Supervisor];
    Command "print.batch" paper::Batch => paper::BatchAnswer, [Officer, Reception, Supervisor];
    Query "report.render" report::Render => paper::Rendered, [Officer, Supervisor];
    Query "report.preview" report::Preview => paper::PreviewAnswer, [Officer, Supervisor];
    Command "report.print" report::Print => paper::Job, [Officer, Supervisor];
    Query "print.jobs" paper::Jobs => Vec<paper::Job>;
    Command "print.retry" paper::Retry => paper::Job, [Officer, Reception, Supervisor];
    Command "print.retry_all" paper::RetryAll => paper::RetryAllAnswer, [Officer, Reception, Supervisor];
    Command "print.cancel" paper::Cancel => paper::Job, [Officer, Reception, Supervisor];
    Query "printer.list" paper::Printers => paper::PrintersAnswer;
    Command "printer.assign" paper::Assign => paper::PrintersAnswer, [Officer, Reception, Supervisor];
    Command "printer.profile" paper::SetProfile => paper::PrintersAnswer, [Officer, Reception, Supervisor];
    Command "printer.test" paper::Test => paper::Job, [Officer, Reception, Supervisor];

    // ---- the machines of the branch ----
    Query "machine.get" machine::MachineGet => machine::MachineAnswer;
    Act "hub.open" machine::HubOpen => machine::MachineAnswer, [Supervisor, Admin];
    Act "hub.close" machine::HubClose => machine::MachineAnswer, [Supervisor, Admin];
    Act "hub.pair_code" machine::HubPairCode => machine::PairCodeAnswer, [Supervisor, Admin];
    Act "hub.find" machine::HubFind => Vec<machine::HubFound>;
    Act "hub.follow" machine::HubFollow => machine::MachineAnswer, [Supervisor, Admin];
    Act "hub.join" machine::HubJoin => machine::HubJoined, [Supervisor, Admin];
    Act "board.serve" machine::BoardServe => machine::MachineAnswer, [Supervisor, Admin];
    Act "rating.serve" machine::RatingServe => machine::MachineAnswer, [Supervisor, Admin];
    Query "device.list" machine::DeviceList => Vec<machine::Device>;
    Command "device.revoke" machine::DeviceRevoke => machine::DeviceRevokeAnswer, [Supervisor, Admin];

    // ---- the branch ----
    Act "branch.create" machine::BranchCreate => machine::BranchMade, [Admin];
    Act "branch.demo" machine::BranchDemo => machine::BranchMade, [Admin];
    Query "branch.get" admin::BranchGet => admin::BranchAnswer;
    Command "branch.configure" admin::BranchConfigure => admin::BranchAnswer, [Admin];
    Command "clock.confirm" admin::ClockConfirm => admin::ClockConfirmed, [Supervisor];
    Command "clock.confirm_date" admin::ClockConfirmDate => admin::ClockConfirmed, [Officer, Reception, Supervisor];
    Command "hub.promote" hub::Promote => hub::Promoted, [Supervisor, Admin];
    Command "hub.retire" hub::Retire => hub::Retired, [Supervisor, Admin];
    Query "sync.status" admin::SyncStatus => admin::SyncStatusAnswer;
    Query "sync.overview" sync::Overview => sync::OverviewAnswer;
    Query "sync.problems" sync::Problems => Vec<sync::Problem>;
    Command "sync.resolve" sync::Resolve => sync::Resolved, [Supervisor, Admin];
    Act "central.enrol" central::CentralEnrol => central::CentralEnrolled, [Supervisor, Admin];
    Act "sync.now" sync::Now => sync::OverviewAnswer, [Officer, Reception, Supervisor, Admin];
    Act "sync.export" sync::Export => sync::StickMade, [Supervisor, Admin];
    Act "sync.carry" sync::Carry => sync::Carried, [Supervisor, Admin];
}
