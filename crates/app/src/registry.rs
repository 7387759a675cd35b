//! The registry: from a name and JSON to the one function that does it.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use motcua_domain::{
    Code, Refusal,
    branch::{Branch, Role},
};
use motcua_protocol::{
    ApiError, canonical,
    verbs::{self, Kind, Verb},
};
use motcua_store::{Author, Error, Write};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    App, Result, change, doubt, fields,
    kiosk::{self, KIOSK},
    rater::{self, RATER},
    shape, verbs as handlers,
};

/// Who calls.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// Officer id. The command line, which has the folder itself, may leave it out and then
    /// acts as the branch's first administrator. A screen on which nobody has signed in yet
    /// gives an empty one, and may only ask who works here; the board in the hall, too, is
    /// nobody and may only ask for what it shows. A self-service terminal is
    /// [`crate::kiosk::KIOSK`], and may do what is in [`crate::kiosk::VERBS`]; a rating screen is
    /// [`crate::rater::RATER`] in the same way.
    pub officer: Option<String>,
    /// Made before the act; also accepted as `command_id` within the argument.
    pub command_id: Option<Uuid>,
}

/// What a handler knows beside its argument.
#[derive(Debug, Clone)]
pub(crate) struct Ctx {
    pub(crate) branch: Arc<Branch>,
    pub(crate) roles: Vec<Role>,
    pub(crate) officer: String,
    /// Set while a counter works without its hub on what the hub would decide: its own number.
    pub(crate) alone: Option<u16>,
    /// The counter for which the hub does it.
    pub(crate) via: Option<Uuid>,
}

impl Ctx {
    /// Whether the officer may do what a supervisor may.
    pub(crate) fn supervises(&self) -> bool {
        (self.roles.iter()).any(|role| matches!(role, Role::Supervisor | Role::Admin))
    }
}

/// One command to carry out.
pub(crate) struct Run<'a> {
    pub(crate) name: &'a str,
    pub(crate) command_id: Uuid,
    pub(crate) args: Value,
    handler: &'a Command,
}

impl Run<'_> {
    pub(crate) fn args_hash(&self) -> [u8; 32] {
        // A short code, or a password, leaves no trace, not even as a hash: a hash of six digits is
        // the digits.
        if matches!(
            self.name,
            "kiosk.enter" | "kiosk.leave" | "notice.configure"
        ) {
            return *blake3::hash(self.name.as_bytes()).as_bytes();
        }
        *blake3::hash(&canonical::bytes(&self.args)).as_bytes()
    }
}

type Query = Box<dyn Fn(&App, &Ctx, Value) -> Result<Value> + Send + Sync>;
type Command = Box<dyn Fn(&App, &Ctx, &mut Write<'_>, Value) -> Result<Value> + Send + Sync>;

enum Handler {
    Query(Query),
    /// Like a query, but never asked of the hub first: it may be about the line itself.
    Act(Query),
    Command(Command),
}

/// Name → handler, filled once.
#[derive(Default)]
pub(crate) struct Registry {
    handlers: HashMap<&'static str, Handler>,
}

impl Registry {
    pub(crate) fn query<V: Verb>(&mut self, run: fn(&App, &Ctx, V) -> Result<V::Answer>) {
        self.handlers.insert(V::NAME, Handler::Query(reading(run)));
    }

    pub(crate) fn act<V: Verb>(&mut self, run: fn(&App, &Ctx, V) -> Result<V::Answer>) {
        self.handlers.insert(V::NAME, Handler::Act(reading(run)));
    }

    pub(crate) fn command<V: Verb>(
        &mut self,
        run: fn(&App, &Ctx, &mut Write<'_>, V) -> Result<V::Answer>,
    ) {
        self.handlers.insert(
            V::NAME,
            Handler::Command(Box::new(move |app, ctx, tx, args| {
                Ok(serde_json::to_value(run(
                    app,
                    ctx,
                    tx,
                    argument::<V>(args)?,
                )?)?)
            })),
        );
    }
}

fn reading<V: Verb>(run: fn(&App, &Ctx, V) -> Result<V::Answer>) -> Query {
    Box::new(move |app, ctx, args| Ok(serde_json::to_value(run(app, ctx, argument::<V>(args)?)?)?))
}

fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        let mut registry = Registry::default();
        handlers::register(&mut registry);
        registry
    })
}

/// Names of everything that has a handler; a test compares them with the protocol's list.
#[cfg(test)]
pub(crate) fn handled() -> Vec<&'static str> {
    registry().handlers.keys().copied().collect()
}

/// Every command and query with its JSON schemas and roles.
pub fn commands() -> Vec<Value> {
    verbs::all()
        .into_iter()
        .map(|verb| {
            let (argument, answer) = (verb.schemas)();
            json!({
                "name": verb.name,
                "kind": match verb.kind { Kind::Command => "command", Kind::Query => "query", Kind::Act => "act" },
                "roles": verb.roles,
                "argument": argument,
                "answer": answer,
            })
        })
        .collect()
}

/// Reads an argument; a refusal names the field at fault.
fn argument<V: Verb>(args: Value) -> Result<V> {
    if let Some(field) = shape::misplaced_list::<V>(&args) {
        return Err(Refusal::new(
            Code::ArgumentInvalid,
            format!(
                "Ô “{field}” cần một đối tượng, không phải một danh sách. Chưa ghi gì. Mời xem lại."
            ),
        )
        .at(field)
        .into());
    }
    serde_path_to_error::deserialize(args).map_err(|error| {
        let path = error.path().to_string();
        let text = error.inner().to_string();
        // Not what was sent: it may be somebody's name or number.
        tracing::debug!(verb = V::NAME, "argument refused");
        let missing = text
            .strip_prefix("missing field `")
            .and_then(|rest| rest.split('`').next());
        let (code, field, message) = match missing {
            Some(name) => {
                let field = if path == "." {
                    name.to_owned()
                } else {
                    format!("{path}.{name}")
                };
                let called = fields::called(&field);
                let message = format!("Thiếu ô “{called}”. Chưa ghi gì. Mời bổ sung rồi làm lại.");
                (Code::FieldRequired, field, message)
            }
            None => {
                let field = if path == "." { String::new() } else { path };
                let called = fields::called(&field);
                // serde says it of numbers that are counted: amounts, copies, people.
                let negative = text.contains("integer `-") && text.contains("expected u");
                let message = if negative {
                    format!("Ô “{called}” không nhận số âm. Chưa ghi gì. Mời nhập lại.")
                } else {
                    format!("Ô “{called}” có giá trị không đúng dạng. Chưa ghi gì. Mời xem lại.")
                };
                (Code::ArgumentInvalid, field, message)
            }
        };
        let refusal = Refusal::new(code, message);
        Error::from(if field.is_empty() {
            refusal
        } else {
            refusal.at(field)
        })
    })
}

/// A refusal as it leaves the program: in words, its field called as officers call it.
fn told(error: Error) -> ApiError {
    ApiError::from(fields::named(Refusal::from(error)))
}

impl App {
    /// Does one command or query.
    ///
    /// # Errors
    /// A refusal or a fault, in words for the officer.
    pub fn call(&self, caller: &Caller, name: &str, args: Value) -> Result<Value, ApiError> {
        self.dispatch(caller, name, args, None).map_err(told)
    }

    /// The same at the hub for a counter, whose word it is who acts: the officer must exist and may
    /// do it, and the number that is given names the counter.
    ///
    /// # Errors
    /// A refusal or a fault, in words for the officer.
    pub fn call_for(
        &self,
        counter: Uuid,
        caller: &Caller,
        name: &str,
        args: Value,
    ) -> Result<Value, ApiError> {
        self.dispatch(caller, name, args, Some(counter))
            .map_err(told)
    }

    fn dispatch(
        &self,
        caller: &Caller,
        name: &str,
        mut args: Value,
        via: Option<Uuid>,
    ) -> Result<Value> {
        let Some(handler) = registry().handlers.get(name) else {
            return Err(Refusal::new(
                Code::UnknownCommand,
                format!("Không có lệnh “{name}”. Mời xem danh sách lệnh."),
            )
            .into());
        };
        if args.is_null() {
            args = json!({});
        }
        let Some(object) = args.as_object_mut() else {
            return Err(Refusal::new(
                Code::ArgumentInvalid,
                "Tham số phải là một đối tượng JSON. Chưa ghi gì.",
            )
            .into());
        };
        let command_id = match object.remove("command_id") {
            None => caller.command_id,
            Some(id) => Some(
                id.as_str()
                    .and_then(|id| Uuid::parse_str(id).ok())
                    .ok_or_else(|| {
                        Refusal::new(
                            Code::ArgumentInvalid,
                            "Mã lệnh (command_id) phải là UUID. Chưa ghi gì.",
                        )
                        .at("command_id")
                    })?,
            ),
        };
        // Looked at once: what begins under one role ends under it. A query only looks and may see
        // a moment that has just passed; a change of role waits for commands.
        let (link, _command) = match handler {
            Handler::Query(_) | Handler::Act(_) => (self.link(), None),
            Handler::Command(_) => {
                let command = self.link.command();
                (self.link(), Some(command))
            }
        };
        if let (Handler::Query(_), Some(link)) = (handler, &link) {
            link.refresh(self, false);
        }
        let mut ctx = self.context(caller, name)?;
        ctx.via = via;
        match handler {
            Handler::Query(run) | Handler::Act(run) => run(self, &ctx, args),
            Handler::Command(handler) => {
                let run = Run {
                    name,
                    command_id: command_id.unwrap_or_else(Uuid::now_v7),
                    args,
                    handler,
                };
                match link.as_deref() {
                    Some(link) => self.at_counter(link, caller, &mut ctx, run),
                    None => self.command(&ctx, &run),
                }
            }
        }
    }

    /// Whether whoever calls may do that, for what is done beside the registry: a command line on a
    /// folder that no process serves has no machine.
    ///
    /// # Errors
    /// They may not.
    pub fn allows(&self, caller: &Caller, name: &str) -> Result<(), ApiError> {
        (self.context(caller, name).map(|_| ()))
            .map_err(|error| ApiError::from(Refusal::from(error)))
    }

    /// One transaction: the effect and the record that this command had it.
    pub(crate) fn command(&self, ctx: &Ctx, run: &Run<'_>) -> Result<Value> {
        let (name, command_id, args_hash) = (run.name, run.command_id, run.args_hash());
        let author = Author {
            actor: ctx.officer.clone(),
            command_id,
            moment: self.clock.moment(),
        };
        let mut done_before = false;
        let apart = self.apart_for(name);
        let answer = self.store.write(&author, |tx| {
            if let Some(done) = tx.read().command(command_id)? {
                if done.name != name || done.args_hash != args_hash {
                    return Err(Refusal::new(
                        Code::CommandIdReused,
                        "Mã lệnh này đã dùng cho việc khác. Việc trước vẫn nguyên, việc này chưa làm. Mời bấm lại.",
                    )
                    .at("command_id")
                    .into());
                }
                done_before = true;
                return Ok(serde_json::from_str(&done.answer)?);
            }
            if let Some(doubt) = self.doubt(&tx.read(), apart)? {
                return Err(doubt::refusal(doubt, ctx.via.is_some()).into());
            }
            let answer = (run.handler)(self, ctx, tx, run.args.clone())?;
            tx.record_command(command_id, name, &args_hash, &answer.to_string())?;
            Ok(answer)
        })?;
        if !done_before {
            self.tell(change::topics(name));
        }
        Ok(answer)
    }

    /// Who acts, and whether they may.
    fn context(&self, caller: &Caller, name: &str) -> Result<Ctx> {
        let branch = self.branch()?;
        if caller.officer.as_deref() == Some("") && matches!(name, "branch.get" | "board.get") {
            return Ok(Ctx {
                roles: Vec::new(),
                officer: String::new(),
                alone: None,
                via: None,
                branch,
            });
        }
        if caller.officer.as_deref() == Some(KIOSK) {
            if !kiosk::VERBS.contains(&name) {
                return Err(Refusal::new(
                    Code::NotAllowed,
                    "Máy tự phục vụ chỉ lấy số và in phiếu. Chưa ghi gì. Mời gặp cán bộ tiếp đón.",
                )
                .into());
            }
            return Ok(Ctx {
                roles: Vec::new(),
                officer: KIOSK.to_owned(),
                alone: None,
                via: None,
                branch,
            });
        }
        if caller.officer.as_deref() == Some(RATER) {
            if !rater::VERBS.contains(&name) {
                return Err(Refusal::new(
                    Code::NotAllowed,
                    "Màn hình này chỉ để đánh giá. Chưa ghi gì. Mời gặp cán bộ tại quầy.",
                )
                .into());
            }
            return Ok(Ctx {
                roles: Vec::new(),
                officer: RATER.to_owned(),
                alone: None,
                via: None,
                branch,
            });
        }
        let officer = match &caller.officer {
            Some(id) => branch.officer(id).ok_or_else(|| {
                Refusal::new(
                    Code::OfficerUnknown,
                    "Chi nhánh không có cán bộ này. Mời chọn lại người dùng.",
                )
                .at("officer")
            })?,
            None => branch
                .officers
                .iter()
                .find(|o| o.roles.contains(&Role::Admin))
                .ok_or_else(|| {
                    Refusal::new(Code::OfficerUnknown, "Mời cho biết cán bộ đang làm việc.")
                        .at("officer")
                })?,
        };
        let allowed = roles(name).is_none_or(|needed| {
            needed.is_empty()
                || officer.roles.contains(&Role::Admin)
                || needed.iter().any(|r| officer.roles.contains(r))
        });
        if !allowed {
            return Err(Refusal::new(
                Code::NotAllowed,
                format!(
                    "{} không có quyền làm việc này. Mời nhờ giám sát.",
                    officer.name
                ),
            )
            .into());
        }
        Ok(Ctx {
            roles: officer.roles.clone(),
            officer: officer.id.clone(),
            alone: None,
            via: None,
            branch,
        })
    }
}

/// Roles of a verb, looked up without building its schemas.
fn roles(name: &str) -> Option<&'static [Role]> {
    static ROLES: OnceLock<HashMap<&'static str, &'static [Role]>> = OnceLock::new();
    ROLES
        .get_or_init(|| {
            verbs::all()
                .into_iter()
                .map(|v| (v.name, v.roles))
                .collect()
        })
        .get(name)
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_promised_is_handled_and_nothing_else() {
        let mut promised: Vec<_> = verbs::all().into_iter().map(|v| v.name).collect();
        let mut handled = handled();
        promised.sort_unstable();
        handled.sort_unstable();
        assert_eq!(promised, handled);
    }
}
