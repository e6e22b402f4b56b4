//! Appeals (обращения): calls, chats, site requests. What follows from one of them in RetailCRM is made here, in one way for all kinds;
//! the rooms of the kinds (`telephony`, …) say from their settings what is wanted.
//!
//! | file | what |
//! |---|---|
//! | [`lease`] | one event at a time looks for a person |
//! | [`lookup`] | whose appeal it is: by phone, else e-mail, else the visitor |
//! | [`customer`] | the customer of whoever appealed: looked for, else created |
//! | [`fields`] | extra fields of the customer |
//! | [`field_values`] | «Передавать дополнительные поля»: values put into their fields' types |
//! | [`order`] | an order for the appeal |
//! | [`task`] | a task for the appeal |
//! | [`assignee`] | who answers for what is created |
//! | [`source`] | where whoever appealed came from |
//! | [`join`] | two customers who turn out to be one |
//! | [`steps`] | several things made of one appeal |
//! | [`communication`] | the communication of UIS's reports behind an appeal |
//! | [`progress`] | what of it is done, so that nothing is done twice |

pub mod assignee;
pub mod communication;
pub mod customer;
pub mod field_values;
pub mod fields;
pub mod join;
pub mod lease;
pub mod lookup;
pub mod order;
pub mod progress;
pub mod source;
pub mod steps;
pub mod task;
