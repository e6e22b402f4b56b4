//! Partners' rules about a call's record.

use crate::appeal::Appeal;
use crate::base::links;
use crate::bindings::uis::integration::decision::DraftKind;
use crate::bindings::uis::integration::log::Level;
use crate::context::Context;
use crate::retailcrm::telephony;
use crate::rules::{Fields, Reviewed, review};

/// Applies the rules to a call's record. Rules may change the manager, the source and the recording, but may not skip the record, because
/// no call may be lost.
pub fn reviewed(context: &Context<'_>, appeal: &Appeal<'_>, call: telephony::Call) -> telephony::Call {
    let fields = || {
        Fields::default()
            .integer("manager", call.user_id)
            .source(call.source.as_ref())
            .text("record-url", call.record_url.clone())
            .text("phone", Some(call.phone.clone()))
            .text("shop", call.site.clone())
            .text("date", Some(call.date.clone()))
            .text("result", Some(call.result))
            .integer("duration", Some(call.duration.into()))
    };
    let changed = match review(context, appeal, DraftKind::Call, fields) {
        Reviewed::Keep => return call,
        Reviewed::Skip(_) => {
            context.platform.log(
                Level::Warn,
                "a rule tried to skip a call's record; the record is stored anyway",
                &[("appeal", &appeal.id.to_string())],
            );
            return call;
        }
        Reviewed::Changed(changed) => changed,
    };
    let user_id = changed.integer("manager");
    telephony::Call {
        // The extension belongs to the original manager.
        code: call.code.filter(|_| user_id == call.user_id),
        user_id,
        source: changed.source(),
        record_url: changed.raw("record-url").and_then(|link| links::https(&link).ok().map(str::to_owned)),
        ..call
    }
}
