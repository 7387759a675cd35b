//! One file per subject; one function per verb. The list below is checked against the
//! protocol's by a test.

mod board;
mod branch;
mod case;
mod case_acts;
mod catalogue;
mod counter;
mod day;
mod desk;
mod fee;
mod hub;
mod issuing;
mod kiosk;
pub(crate) mod leg;
pub(crate) mod look_up;
mod machine;
mod paper;
mod people;
pub(crate) mod printer;
mod queue;
mod register;
mod slips;
mod sync;
mod watch;

use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.command(register::register);
    registry.command(register::book);
    registry.command(register::check_in);
    registry.command(register::identify);
    registry.command(register::classify);
    registry.query(desk::visit);
    registry.query(desk::log);
    registry.query(desk::desk);
    registry.query(queue::snapshot);
    registry.query(watch::get);
    registry.query(queue::preview);
    registry.command(counter::open);
    registry.command(counter::step_away);
    registry.command(counter::resume);
    registry.command(counter::close);
    registry.query(counter::shifts);
    registry.query(board::get);
    registry.command(hub::promote);
    registry.command(hub::retire);
    registry.query(kiosk::get);
    registry.query(kiosk::greet);
    registry.command(kiosk::register);
    registry.command(kiosk::print);
    registry.query(kiosk::paper);
    registry.command(kiosk::enter);
    registry.command(kiosk::leave);
    registry.command(queue::call_next);
    registry.command(queue::call);
    registry.command(queue::jump);
    registry.command(issuing::issuing);
    registry.command(leg::recall);
    registry.command(leg::undo_call);
    registry.command(leg::start);
    registry.command(leg::hold);
    registry.command(leg::resume);
    registry.command(leg::miss);
    registry.command(leg::come_back);
    registry.command(leg::no_show);
    registry.command(leg::transfer);
    registry.command(leg::add_service);
    registry.command(leg::finish);
    registry.command(leg::leave);
    registry.command(leg::void);
    registry.command(leg::reopen);
    registry.query(day::figures);
    registry.query(day::open_legs);
    registry.command(day::close);
    registry.command(case::receive);
    registry.query(case::get);
    registry.query(case::search);
    registry.command(case_acts::request_supplement);
    registry.command(case_acts::complete_supplement);
    registry.command(case_acts::refuse);
    registry.command(case_acts::postpone);
    registry.command(case_acts::withdraw);
    registry.command(case_acts::stop);
    registry.command(case_acts::hand_over);
    registry.command(case_acts::take_back);
    registry.command(case_acts::receive_result);
    registry.command(case_acts::return_result);
    registry.query(catalogue::get);
    registry.query(catalogue::search);
    registry.command(catalogue::import);
    registry.query(catalogue::due);
    registry.query(fee::qr);
    registry.query(people::parse_card);
    registry.query(people::find);
    registry.query(people::check);
    registry.query(people::units);
    registry.act(look_up::citizen);
    registry.act(look_up::enterprise);
    registry.query(paper::render);
    registry.command(paper::submit);
    registry.query(paper::jobs);
    registry.command(paper::retry);
    registry.command(paper::cancel);
    registry.query(printer::list);
    registry.command(printer::assign);
    registry.command(printer::set_profile);
    registry.command(printer::test);
    registry.query(machine::get);
    registry.act(machine::open_hub);
    registry.act(machine::close_hub);
    registry.act(machine::pair_code);
    registry.act(machine::find);
    registry.act(machine::follow);
    registry.act(machine::join);
    registry.act(machine::serve_board);
    registry.query(machine::devices);
    registry.command(machine::revoke);
    registry.act(machine::create);
    registry.act(machine::demo);
    registry.query(branch::get);
    registry.command(branch::configure);
    registry.command(branch::confirm_clock);
    registry.query(branch::sync_status);
    registry.query(sync::overview);
    registry.query(sync::problems);
    registry.command(sync::resolve);
    registry.act(sync::now);
    registry.act(sync::export);
    registry.act(sync::carry);
}

/// Imports the shipped sample catalogue.
pub(crate) fn import_demo(
    tx: &mut motcua_store::Write<'_>,
    json: &str,
) -> crate::Result<motcua_protocol::verbs::case::CatalogueImported> {
    catalogue::import_bytes(tx, "demo.json", json.as_bytes())
}
