//! Values that cannot work and that an older version accepted. [`prepare`](super::prepare) refuses them. Where they are stored already, they
//! are taken out before an event sees the settings, so that the event does everything else; and the owner is asked to correct them.

use super::{Settings, problem};
use crate::base::local_time;
use crate::bindings::uis::integration::types::Misconfiguration;

/// RetailCRM has no orders from before this day.
const EARLIEST_DAY: &str = "2000-01-01";
/// Nobody means a later day.
const LATEST_DAY: &str = "2099-12-31";

/// Takes out what cannot work. Returns what was wrong and what to do, under the settings' names. What somebody left empty, or typed with
/// spaces around it, is put right without a word.
pub fn mend(settings: &mut Settings) -> Vec<Misconfiguration> {
    let mut problems = Vec::new();
    let refuse = &mut |setting: &str, message: String| problems.push(problem(setting, message));
    tidy(settings);
    if let Some(Err(message)) = settings.deal_history_from.as_deref().map(day_to_load_from) {
        refuse("deal-history-from", message);
        settings.deal_history_from = None;
    }
    keep_first(&mut settings.site_domains, |row| row.domain.to_lowercase(), |row| row.site.clone(), &mut |place, row| {
        refuse("site-domains", format!("row {place}: {} is already another shop's: remove one of the rows", row.domain));
    });
    keep_first(&mut settings.shop_numbers, |row| (row.number.clone(), row.site.clone()), |row| row.assignee, &mut |place, row| {
        let message = format!("row {place}: {} already has another user in this shop: remove one of the rows", row.number);
        refuse("shop-numbers", message);
    });
    keep_first(&mut settings.requests.order_types, |row| row.request_type.clone(), |row| row.assignee, &mut |place, row| {
        let message = format!("row {place}: {} already has a row with another user: remove one of them", row.request_type);
        refuse("request-order-types", message);
    });
    problems
}

/// Why deals cannot be loaded since this day, and what to do. Only an event knows whether the day has begun.
pub fn day_to_load_from(day: &str) -> Result<(), String> {
    if !local_time::is_day(day) {
        return Err(format!("{day:?} is not a date, or there is no such day: write a day of the calendar like 2026-01-31"));
    }
    if day < EARLIEST_DAY {
        return Err(format!("{day} is before {EARLIEST_DAY}: write a later day; orders are read day by day, and there are none so old"));
    }
    if day > LATEST_DAY {
        return Err(format!("{day} is far in the future: write a day that has begun"));
    }
    Ok(())
}

/// Removes rows with the key of an earlier row. Those with another value contradict it, and are refused with their place.
fn keep_first<T, K: PartialEq, V: PartialEq>(
    rows: &mut Vec<T>,
    key: impl Fn(&T) -> K,
    value: impl Fn(&T) -> V,
    refuse: &mut dyn FnMut(usize, &T),
) {
    let mut known: Vec<(K, V)> = Vec::new();
    let mut place = 0;
    rows.retain(|row| {
        place += 1;
        let (key, value) = (key(row), value(row));
        match known.iter().find(|(other, _)| *other == key) {
            None => known.push((key, value)),
            Some((_, other)) if *other != value => {
                refuse(place, row);
                return false;
            }
            Some(_) => return false,
        }
        true
    });
}

/// Removes spaces around codes, and codes without text.
pub fn tidy(settings: &mut Settings) {
    for code in [
        &mut settings.deal_history_from,
        &mut settings.call_order_type,
        &mut settings.call_order_method,
        &mut settings.call_order_status,
        &mut settings.main_shop,
        &mut settings.text_main_shop,
    ] {
        tidy_code(code);
    }
    for block in [&mut settings.requests, &mut settings.chats] {
        tidy_code(&mut block.order_type);
        tidy_code(&mut block.order_method);
        tidy_code(&mut block.order_status);
        tidy_list(&mut block.tags);
        tidy_list(&mut block.order_tags);
        for row in &mut block.field_rows {
            tidy_text(&mut row.field);
        }
    }
    for row in &mut settings.extra_field_rows {
        tidy_text(&mut row.field);
    }
    for row in &mut settings.shop_numbers {
        tidy_text(&mut row.site);
    }
    for row in &mut settings.site_domains {
        tidy_text(&mut row.site);
    }
    for list in [&mut settings.deal_field_codes, &mut settings.deal_success_groups, &mut settings.deal_failed_groups] {
        tidy_list(list);
    }
}

fn tidy_text(text: &mut String) {
    if text.trim().len() != text.len() {
        *text = text.trim().to_owned();
    }
}

fn tidy_code(code: &mut Option<String>) {
    if let Some(text) = code {
        tidy_text(text);
        if text.is_empty() {
            *code = None;
        }
    }
}

fn tidy_list(list: &mut Vec<String>) {
    list.iter_mut().for_each(tidy_text);
    list.retain(|text| !text.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::telephony::ShopNumber;
    use crate::settings::texts::SiteDomain;

    #[test]
    fn a_day_that_cannot_be_loaded_from_is_taken_out() {
        for day in ["2026-02-30", "2026-04-31", "2027-02-29", "2027-13-01", "0001-01-01", "9999-01-01", "1999-12-31", "30.02.2026", "вчера"]
        {
            let mut settings = Settings { deal_history_from: Some(day.to_owned()), deals: true, ..Settings::default() };
            let problems = mend(&mut settings);
            assert_eq!((problems.len(), problems[0].setting.as_str()), (1, "deal-history-from"), "{day}");
            assert!(problems[0].message.contains("write a"), "{}", problems[0].message);
            assert_eq!(settings, Settings { deals: true, ..Settings::default() }, "{day}");
        }
        for day in ["2026-02-28", " 2028-02-29 ", "2000-01-01"] {
            let mut settings = Settings { deal_history_from: Some(day.to_owned()), ..Settings::default() };
            assert_eq!((mend(&mut settings), settings.deal_history_from.as_deref()), (Vec::new(), Some(day.trim())));
        }
    }

    #[test]
    fn codes_without_text_count_as_absent() {
        let mut settings = Settings {
            call_order_status: Some(" ".into()),
            call_order_type: Some(" retail\n".into()),
            main_shop: Some(String::new()),
            deal_success_groups: vec!["complete ".into(), String::new()],
            ..Settings::default()
        };
        settings.requests.order_method = Some("\t".into());
        settings.chats.tags = vec![" ".into(), " 7".into()];
        assert_eq!(mend(&mut settings), Vec::new());
        assert_eq!((settings.call_order_status, settings.call_order_type.as_deref(), settings.main_shop), (None, Some("retail"), None));
        assert_eq!((settings.requests.order_method, settings.chats.tags), (None, vec!["7".to_owned()]));
        assert_eq!(settings.deal_success_groups, ["complete"]);
    }

    #[test]
    fn of_rows_that_contradict_each_other_the_first_counts() {
        let site = |domain: &str, site: &str| SiteDomain { domain: domain.into(), site: site.into() };
        let number = |site: &str, assignee| ShopNumber { site: site.into(), number: "73433300055".into(), assignee };
        let mut settings = Settings {
            site_domains: vec![site("lamps.example", "main"), site("lamps.example", "ural"), site("lamps.example", "main ")],
            shop_numbers: vec![number("main", Some(41)), number("main", None)],
            ..Settings::default()
        };
        let problems = mend(&mut settings);
        let names: Vec<&str> = problems.iter().map(|problem| problem.setting.as_str()).collect();
        assert_eq!(names, ["site-domains", "shop-numbers"]);
        assert!(problems[0].message.starts_with("row 2: lamps.example"), "{}", problems[0].message);
        assert_eq!((settings.site_domains, settings.shop_numbers), (vec![site("lamps.example", "main")], vec![number("main", Some(41))]));
        assert_eq!(
            mend(&mut Settings { shop_numbers: vec![number("main", None), number("main", None)], ..Settings::default() }),
            Vec::new()
        );
    }
}
