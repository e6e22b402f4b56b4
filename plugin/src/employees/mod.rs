//! Which UIS employee is which RetailCRM user («Сотрудники»). The links are made when the integration is switched on, and every two hours
//! after that.
//!
//! | file | what |
//! |---|---|
//! | [`matching`] | «Варианты сопоставления сотрудников»: by e-mail, or by «Соответствие» |
//! | [`sync`] | «Синхронизация»: chosen users of RetailCRM become employees of UIS |

pub mod matching;
pub mod sync;
