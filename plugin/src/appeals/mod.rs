//! Appeals (обращения): calls, chats, site requests. This room creates what follows from an appeal in RetailCRM, in the same way for all
//! kinds. The rooms of the kinds (`telephony`, …) decide from their settings what is created.
//!
//! | file | what |
//! |---|---|
//! | [`lease`] | one event at a time looks for a person |
//! | [`lookup`] | the appeal's customer: by phone, else e-mail, else the visitor |
//! | [`customer`] | the appeal's customer: looked up, else created |
//! | [`fields`] | custom fields of the customer |
//! | [`field_values`] | «Передавать дополнительные поля»: values converted to their fields' types |
//! | [`missing_fields`] | rows whose field RetailCRM does not have |
//! | [`filled_fields`] | custom fields that a person may have filled |
//! | [`order`] | an order for the appeal |
//! | [`task`] | a task for the appeal |
//! | [`open_tasks`] | the tasks under one key that may still be open, and completing them |
//! | [`assignee`] | the assignee of what is created |
//! | [`conditions`] | filters and «Основные условия» evaluated on an appeal |
//! | [`source`] | the advertising source of an appeal |
//! | [`whole_lists`] | texts with lists that are too long for their field |
//! | [`join`] | merging two customers who turn out to be the same person |
//! | [`steps`] | several steps for one appeal, independent of each other's refusals |
//! | [`communication`] | UIS's communication behind an appeal |
//! | [`progress`] | what is already done for an appeal, so that nothing is done twice |

pub mod assignee;
pub mod communication;
pub mod conditions;
pub mod customer;
pub mod field_values;
pub mod fields;
pub mod filled_fields;
pub mod join;
pub mod lease;
pub mod lookup;
pub mod missing_fields;
pub mod open_tasks;
pub mod order;
pub mod progress;
pub mod source;
pub mod steps;
pub mod task;
pub mod whole_lists;
