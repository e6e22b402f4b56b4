//! The order of an answer's members. RetailCRM writes members in the order in which it declares them; maps here are sorted by name, so the
//! order is restored when an answer is written. A member that no recorded answer has comes after those, by name.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

/// An answer whose members are written in RetailCRM's order.
pub struct InSequence<'a> {
    value: &'a Value,
    /// The member that the value is in; empty at the top.
    within: &'a str,
    /// The member that this member is in.
    outer: &'a str,
}

impl<'a> InSequence<'a> {
    /// A whole answer.
    pub fn answer(value: &'a Value) -> InSequence<'a> {
        InSequence { value, within: "", outer: "" }
    }
}

impl Serialize for InSequence<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Object(members) => self.object(members, serializer),
            // An item is what its list is named for.
            Value::Array(items) => serializer.collect_seq(items.iter().map(|value| InSequence { value, ..*self })),
            other => other.serialize(serializer),
        }
    }
}

impl InSequence<'_> {
    fn object<S: Serializer>(&self, members: &Map<String, Value>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(members.len()))?;
        if is_by_code(self.within, members) {
            for (code, entry) in by_number(members) {
                map.serialize_entry(code, &InSequence { value: entry, ..*self })?;
            }
            return map.end();
        }
        let ranks = RANKS.get(&(self.outer, self.within)).or_else(|| RANKS.get(&("", self.within)));
        let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
        if let Some(ranks) = ranks {
            sorted.sort_by_key(|(name, _)| ranks.get(name.as_str()).copied().unwrap_or(usize::MAX));
        }
        for (name, value) in sorted {
            map.serialize_entry(name, &InSequence { value, within: name, outer: self.within })?;
        }
        map.end()
    }
}

/// Whether an object is a map by code or by id: a reference book, an order's payments.
fn is_by_code(within: &str, members: &Map<String, Value>) -> bool {
    BY_CODE.contains(&within) && !members.is_empty() && members.values().all(Value::is_object)
}

/// A map's entries; ids in the order of numbers.
fn by_number(members: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut entries: Vec<(&String, &Value)> = members.iter().collect();
    entries.sort_by_key(|(code, _)| code.parse::<i64>().unwrap_or(i64::MAX));
    entries
}

const BY_CODE: [&str; 13] = [
    "sites",
    "statuses",
    "statusGroups",
    "orderTypes",
    "orderMethods",
    "paymentTypes",
    "paymentStatuses",
    "deliveryTypes",
    "deliveryServices",
    "productStatuses",
    "units",
    "payments",
    "channels",
];

/// Members by the name of what they are in; `a/b` is a `b` in an `a`. Names of one kind of entity stand together.
const SEQUENCES: &[(&[&str], &str)] = &[
    (
        &["addresses"],
        "id index countryIso region regionId city cityId cityType street streetId streetType building flat floor block house housing metro notes text isMain externalId name",
    ),
    (
        &[""],
        "success code id generatedAt history uploadedCustomers failedCustomers customerCorporate addresses companies contacts pagination scopes credentials siteAccess sitesAvailable systemVersion publicUrl technicalUrl processedCallsCount duplicateCalls notExistCodes notExistUsers manager customer links uploadedOrders order orders failedOrders errorMsg errors",
    ),
    (&["pagination"], "limit totalCount currentPage totalPageCount"),
    (
        &["orders", "order"],
        "slug bonusesCreditTotal bonusesChargeTotal id number externalId orderType orderMethod privilegeType countryIso createdAt statusUpdatedAt summ currency totalSumm prepaySum purchaseSumm markDatetime lastName firstName patronymic phone additionalPhone email call expired customerComment managerId managerComment applyRound customer contact contragent delivery site status statusComment items fullPaidAt payments group links fromApi weight length width height shipmentStore shipmentDate shipped customFields",
    ),
    (
        &["customers", "customer", "contact", "resultCustomer"],
        "type id externalId nickName customerContacts addresses mainAddress isContact createdAt managerId vip bad site contragent tags marginSumm totalSumm averageSumm ordersCount costSumm customFields personalDiscount cumulativeDiscount discountCardNumber companies mainCompany address segments firstName lastName patronymic sex presumableSex email emailMarketingUnsubscribedAt phones birthday source commentary browserId customerSubscriptions mgCustomers",
    ),
    (
        &["customersCorporate", "customerCorporate"],
        "type id externalId nickName mainAddress createdAt managerId vip bad site tags marginSumm totalSumm averageSumm ordersCount costSumm customFields personalDiscount mainCustomerContact mainCompany",
    ),
    (&["notes/customer", "companies/customer"], "site id externalId type"),
    (
        &["address", "mainAddress"],
        "id index countryIso region regionId city cityId cityType street streetId streetType building flat floor block house housing metro notes text coordinates externalId name isMain",
    ),
    (
        &["companies", "company", "mainCompany"],
        "isMain id company externalId customer active name brand site createdAt contragent address marginSumm totalSumm averageSumm ordersCount costSumm customFields",
    ),
    (&["contacts", "customerContacts", "mainCustomerContact", "customerContact"], "isMain id customer companies"),
    (
        &["contragent", "legalEntities"],
        "contragentType legalName legalAddress INN OKPO KPP OGRN OGRNIP certificateNumber certificateDate BIK bank bankAddress corrAccount bankAccount code countryIso vatRate",
    ),
    (&["delivery"], "code integrationCode service cost netCost date time address vatRate data"),
    (
        &["items"],
        "markingCodes id externalIds priceType initialPrice discountTotal prices discounts vatRate createdAt quantity status offer productName properties comment purchasePrice",
    ),
    (&["offer"], "displayName id externalId xmlId name article vatRate unit"),
    (&["unit", "units"], "code name sym default active"),
    (&["prices"], "price quantity"),
    (&["discounts"], "type amount"),
    (&["externalIds"], "code value"),
    (&["properties"], "name value code"),
    (&["payments", "payment"], "id status type externalId amount paidAt"),
    (&["links"], "comment order createdAt newOrderLink newCustomerLink lastOrderLink customerLink"),
    (&["links/order"], "id number externalId"),
    (
        &["history"],
        "id createdAt created deleted source user field apiKey oldValue newValue combinedTo address customer company customerContact order item payment task",
    ),
    (&["newValue", "oldValue", "combinedTo"], "id customer_contact name code type from to externalId site"),
    (
        &["users", "user"],
        "id createdAt active email firstName lastName patronymic phone status online isAdmin isManager isPosManager groups mgUserId senderEmail senderName",
    ),
    (&["users/groups", "user/groups"], "id name code"),
    (
        &["groups"],
        "id name code isManager isPosManager isDeliveryMen deliveryTypes breakdownOrderTypes breakdownSites breakdownOrderMethods grantedOrderTypes grantedSites",
    ),
    (
        &["tasks", "task"],
        "id text commentary datetime createdAt complete creator performer performerType phone phoneSite completedAt customer order",
    ),
    (&["comments"], "id creator text createdAt updatedAt"),
    (&["notes"], "customer managerId id text createdAt"),
    (&["manager"], "id firstName lastName patronymic email code"),
    (&["segments"], "id code name createdAt isDynamic customersCount active"),
    (&["tags"], "name color attached"),
    (&["customerSubscriptions"], "subscription subscribed changedAt"),
    (&["subscription", "subscriptions"], "id channel name code active autoSubscribe ordering"),
    (&["mgCustomers"], "id externalId mgChannel"),
    (&["mgChannels", "mgChannel"], "id externalId type active name allowedSendByPhone"),
    (
        &["customFields"],
        "name code required inFilter inList inGroupActions type entity ordering displayArea viewMode viewModeMobile dictionary default defaultTyped",
    ),
    (&["customDictionaries", "customDictionary"], "name code elements"),
    (&["elements"], "name code ordering"),
    (
        &["sites"],
        "id name url code description defaultForCrm ymlUrl loadFromYml catalogUpdatedAt catalogLoadingAt contragent countryIso currency senderEmail senderName catalogId isCatalogMainSite ordering isDemo",
    ),
    (&["statuses"], "name code active ordering group"),
    (&["statusGroups"], "name code active ordering process statuses"),
    (&["orderTypes"], "name code active defaultForCrm defaultForApi ordering"),
    (&["orderMethods"], "name code active defaultForCrm defaultForApi isFromPos"),
    (&["paymentTypes"], "name code active defaultForCrm defaultForApi description deliveryTypes paymentStatuses integrationModule sites"),
    (&["paymentStatuses"], "name code active defaultForCrm defaultForApi paymentComplete ordering paymentTypes"),
    (
        &["deliveryTypes"],
        "isDynamicCostCalculation isAutoCostCalculation isAutoNetCostCalculation isCostDependsOnRegionAndWeightAndSum isCostDependsOnDateTime currency name code active defaultCost defaultNetCost description paymentTypes integrationCode deliveryServices defaultForCrm deliveryPaymentTypes sites",
    ),
    (&["deliveryPaymentTypes"], "code cod"),
    (&["deliveryServices", "service"], "name code active"),
    (&["productStatuses"], "code ordering active createdAt orderStatusByProductStatus orderStatusForProductStatus cancelStatus name"),
    (&["stores"], "description email type inventoryType address active phone code workTime name"),
    (&["coordinates"], "latitude longitude"),
    (&["workTime"], "mo tu we th fr sa su"),
    (&["priceTypes"], "id code name active promo default geo groups ordering currency description filterExpression"),
    (&["currencies"], "id code isBase isAutoConvert autoConvertExtraPercent manualConvertNominal manualConvertValue"),
    (&["couriers"], "id firstName lastName active phone"),
    (&["costGroups"], "code name ordering active color"),
    (&["costItems"], "code name group ordering active appliesToOrders type appliesToUsers"),
    (&["settings"], "default_currency system_language timezone work_times non_working_days mg"),
    (&["default_currency", "system_language", "timezone"], "value updated_at"),
    (&["work_times"], "day_type start_time end_time lunch_start_time lunch_end_time"),
    (&["non_working_days"], "start_date end_date"),
    (&["default", "channels"], "site order_type order_method"),
    (
        &["integrationModule"],
        "code integrationCode active freeze native name logo clientId baseUrl accountUrl availableCountries actions integrations",
    ),
    (
        &["customField"],
        "name code required inFilter inList inGroupActions type entity dictionary default ordering displayArea viewMode viewModeMobile defaultTyped",
    ),
    (
        &["stores/address"],
        "index countryIso region regionId city cityId cityType street streetId streetType building flat house housing metro text coordinates",
    ),
    (&["sites/contragent"], "contragentType legalName INN code countryIso certificateDate"),
    (&["geo"], "country regionId region cityId city"),
    (&["order_creation"], "default channels"),
    (&["uploadedCustomers", "uploadedOrders"], "id externalId"),
];

type Ranks = HashMap<&'static str, usize>;

static RANKS: LazyLock<HashMap<(&'static str, &'static str), Ranks>> = LazyLock::new(|| {
    let ranks = |members: &'static str| -> Ranks { members.split(' ').enumerate().map(|(rank, name)| (name, rank)).collect() };
    let named = |(names, members): &'static (&'static [&'static str], &'static str)| {
        names.iter().map(move |name| (name.split_once('/').unwrap_or(("", name)), ranks(members)))
    };
    SEQUENCES.iter().flat_map(named).collect()
});

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(value: &Value) -> String {
        serde_json::to_string(&InSequence::answer(value)).expect("JSON")
    }

    #[test]
    fn members_have_the_order_in_which_retailcrm_writes_them() {
        let answer = json!({
            "orders": [{"items": [{"id": 7, "markingCodes": []}], "customFields": [], "number": "5A", "slug": 5, "id": 5, "zzz": 1, "aaa": 1}],
            "success": true,
            "pagination": {"currentPage": 1, "totalPageCount": 1, "limit": 20, "totalCount": 1},
        });
        assert_eq!(
            written(&answer),
            r#"{"success":true,"pagination":{"limit":20,"totalCount":1,"currentPage":1,"totalPageCount":1},"orders":[{"slug":5,"id":5,"number":"5A","items":[{"markingCodes":[],"id":7}],"customFields":[],"aaa":1,"zzz":1}]}"#
        );
    }

    #[test]
    fn the_same_name_in_another_place_has_an_order_of_its_own() {
        assert_eq!(
            written(&json!({"notes": [{"text": "x", "id": 1, "customer": {"type": "customer", "id": 2, "site": "a"}}]})),
            r#"{"notes":[{"customer":{"site":"a","id":2,"type":"customer"},"id":1,"text":"x"}]}"#
        );
        assert_eq!(
            written(&json!({"task": {"customer": {"site": "a", "type": "customer", "id": 2}, "id": 1}})),
            r#"{"task":{"id":1,"customer":{"type":"customer","id":2,"site":"a"}}}"#
        );
    }

    #[test]
    fn entries_of_a_map_are_no_members() {
        let payments = json!({"order": {"payments": {"10": {"type": "cash", "id": 10}, "9": {"amount": 1, "id": 9}}}});
        assert_eq!(written(&payments), r#"{"order":{"payments":{"9":{"id":9,"amount":1},"10":{"id":10,"type":"cash"}}}}"#);
        // A shop may have any code, that of a member too.
        let sites = json!({"sites": {"url": {"code": "url", "id": 1}, "name": {"code": "name", "id": 2}}});
        assert_eq!(written(&sites), r#"{"sites":{"name":{"id":2,"code":"name"},"url":{"id":1,"code":"url"}}}"#);
    }
}
