//! What commands print with `--json` and what the administrator's listener answers are described, and the checked-in descriptions are those of this
//! program. `UIS_WRITE_DOCS=1 cargo test -p uis-gateway --test gateway schemas::` writes them anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use uis_gateway::admin::{api, outputs};

use crate::fake::Place;

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)
}

/// Compares a description with the checked-in one, or writes it.
fn is_checked_in(name: &str, made: &Value) {
    let path = docs(name);
    let text = format!("{made:#}\n");
    if std::env::var_os("UIS_WRITE_DOCS").is_some() {
        std::fs::write(&path, &text).expect("written");
    }
    let found = std::fs::read_to_string(&path).expect("it is checked in");
    assert!(
        found == text,
        "docs/{name} is not of this program; write it: UIS_WRITE_DOCS=1 cargo test -p uis-gateway --test gateway schemas::"
    );
}

#[test]
fn the_checked_in_descriptions_are_those_of_this_program() {
    is_checked_in("gateway.schema.json", &outputs::schema());
    is_checked_in("gateway.openapi.json", &api::openapi());
}

/// What OpenAPI 3.1 says of the parts that the page uses.
fn rules_of_open_api() -> Value {
    let media = json!({ "type": "object", "minProperties": 1, "additionalProperties":
        { "type": "object", "required": ["schema"], "properties": { "schema": { "type": ["object", "boolean"] } }, "additionalProperties": false } });
    json!({
        "type": "object",
        "required": ["openapi", "info", "paths"],
        "additionalProperties": false,
        "properties": {
            "openapi": { "pattern": "^3\\.1\\.[0-9]+$" },
            "info": { "type": "object", "required": ["title", "version"] },
            "jsonSchemaDialect": { "type": "string" },
            "security": { "type": "array", "items": { "type": "object", "additionalProperties": { "type": "array" } } },
            "paths": { "type": "object", "additionalProperties": false, "patternProperties": { "^/": { "type": "object", "additionalProperties": false,
                "patternProperties": { "^(get|put|post|delete|patch)$": { "$ref": "#/$defs/operation" } } } } },
            "components": { "type": "object", "additionalProperties": false, "properties": {
                "schemas": { "type": "object", "propertyNames": { "pattern": "^[a-zA-Z0-9._-]+$" } },
                "securitySchemes": { "additionalProperties": { "required": ["type", "scheme"] } },
            } },
        },
        "$defs": {
            "operation": { "type": "object", "required": ["summary", "responses"], "additionalProperties": false, "properties": {
                "summary": { "type": "string" },
                "parameters": { "type": "array", "uniqueItems": true, "items": { "type": "object", "required": ["name", "in", "schema"],
                    "additionalProperties": false, "properties": {
                        "name": { "type": "string" }, "in": { "enum": ["path", "query"] }, "description": { "type": "string" },
                        "required": { "type": "boolean" }, "schema": { "type": ["object", "boolean"] } },
                    "if": { "properties": { "in": { "const": "path" } } }, "then": { "properties": { "required": { "const": true } } } } },
                "requestBody": { "required": ["content"], "properties": { "content": media, "required": { "type": "boolean" } } },
                "responses": { "type": "object", "minProperties": 1, "additionalProperties": false, "patternProperties": { "^[1-5][0-9]{2}$":
                    { "type": "object", "required": ["description"], "properties": { "description": { "type": "string" }, "content": media } } } },
            } },
        },
    })
}

#[test]
fn the_description_of_the_listener_is_open_api_and_its_schemas_are_schemas() {
    let page = api::openapi();
    let validator = jsonschema::validator_for(&rules_of_open_api()).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&page).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let schemas = page["components"]["schemas"].as_object().expect("schemas");
    for (name, schema) in schemas {
        jsonschema::draft202012::meta::validate(schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let text = page.to_string();
    for part in text.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().expect("a name");
        assert!(schemas.contains_key(name), "{name} is referred to and not there");
    }
}

/// The requests that the source has routes for: `get /v1/events`.
fn routed() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/admin");
    let parts = std::fs::read_dir(folder.join("api")).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut found = BTreeSet::new();
    for file in parts.chain([folder.join("api.rs")]) {
        let text = std::fs::read_to_string(file).expect("text").replace(['\n', ' '], "");
        for route in text.split(".route(\"").skip(1) {
            let (path, handlers) = route.split_once("\",").expect("a path");
            // Up to the parenthesis that closes `.route(`.
            let mut depth = 0;
            let end = handlers.find(|sign| {
                depth += i32::from(sign == '(') - i32::from(sign == ')');
                depth < 0
            });
            let handlers = &handlers[..end.expect("a parenthesis")];
            for method in ["get", "post", "patch", "put", "delete"] {
                let is = |at: usize| !handlers[..at].ends_with(|sign: char| sign.is_ascii_alphanumeric() || sign == '_');
                if handlers.match_indices(&format!("{method}(")).any(|(at, _)| is(at)) {
                    found.insert(format!("{method} {path}"));
                }
            }
        }
    }
    found
}

#[test]
fn every_route_of_the_listener_is_described() {
    let page = api::openapi();
    let paths = page["paths"].as_object().expect("paths");
    let described: BTreeSet<String> = paths
        .iter()
        .flat_map(|(path, item)| item.as_object().expect("operations").keys().map(move |method| format!("{method} {path}")))
        .collect();
    assert_eq!(routed(), described);
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("operations") {
            assert!(operation["responses"]["200"].is_object(), "{method} {path} has no answer");
        }
    }
}

/// Runs a command against the gateway in memory.
fn run(place: &Place, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_uis-gateway"));
    command.arg("--config").arg(place.file("gateway.toml")).args(arguments).arg("--json").current_dir(place.folder.path());
    command.env("CRM_KEY", "k3y").stdin(Stdio::null()).output().expect("it runs")
}

/// The names of all commands, from the program's help.
fn commands(before: &[String]) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_uis-gateway")).args(before).arg("--help").output().expect("it runs");
    let help = String::from_utf8(output.stdout).expect("UTF-8");
    let Some((_, list)) = help.split_once("Commands:\n") else { return vec![before.join(" ")] };
    let list = list.split("\n\n").next().unwrap_or_default();
    let names =
        list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").flat_map(|name| commands(&[before, &[name.to_owned()]].concat())).collect()
}

#[test]
fn every_command_has_a_schema() {
    let schema = outputs::schema();
    let described: BTreeSet<&str> = schema["commands"].as_object().expect("commands").keys().map(String::as_str).collect();
    let all = commands(&[]);
    assert!(all.len() > 15, "{all:?}");
    // The service prints nothing on standard output.
    for command in all.iter().filter(|command| *command != "serve") {
        assert!(described.contains(command.as_str()), "{command} has no schema in outputs.rs");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_commands_print_is_as_described() {
    let mut place = Place::new("");
    place.serve();
    place.write("account.json", "{}");
    place.write("body.json", "{}");
    let schema = outputs::schema();
    let add = "integration add main --account account.json --connection retailcrm=https://shop.example --key-env CRM_KEY";
    for (name, arguments) in [
        ("integration add", add),
        ("status", "status"),
        ("integration list", "integration list"),
        ("integration show", "integration show main"),
        ("integration set", "integration set main --setting a=1"),
        ("integration activate", "integration activate main"),
        ("integration action", "integration action main sync-employees"),
        ("integration rotate-secret", "integration rotate-secret main"),
        ("integration addresses", "integration addresses main"),
        ("setup", "setup main"),
        ("check", "check"),
        ("integration deactivate", "integration deactivate main"),
        (
            "events",
            "events --state dead --type x --session 5 --phone 4567 --from 2026-11-27 --to 2026-11-28 --reason a --limit 5 --after 1.1",
        ),
        ("event", "event 7/a%20b --reveal"),
        ("dead-letters list", "dead-letters list"),
        ("dead-letters list --by-reason", "dead-letters list --by-reason"),
        ("dead-letters redrive", "dead-letters redrive --all"),
        ("dead-letters redrive", "dead-letters redrive --all --yes"),
        ("dead-letters redrive ID", "dead-letters redrive 7/a%20b"),
        ("dead-letters edit", "dead-letters edit 7/a%20b --body body.json"),
        ("dead-letters edit", "dead-letters edit 7/a%20b --original"),
        ("pause", "pause main"),
        ("resume", "resume main"),
        ("audit", "audit --from 2026-11-27 --subject 7 --before 9"),
        ("reload", "reload"),
        ("versions", "versions"),
        ("rollback", "rollback --rule vip"),
        ("rules list", "rules list"),
        ("rules release", "rules release vip"),
        ("rules promote", "rules promote vip"),
        ("erase", "erase --phone +79161234567 --yes"),
        ("backup", "backup copy.db"),
        ("token add", "token add anna"),
        ("token list", "token list"),
        ("token remove", "token remove anna"),
    ] {
        // The only argument with a space.
        let words: Vec<String> = arguments.split(' ').map(|word| word.replace("%20", " ")).collect();
        let output = run(&place, &words.iter().map(String::as_str).collect::<Vec<_>>());
        let object: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{arguments}: {error}: {}", String::from_utf8_lossy(&output.stderr)));
        assert_eq!(output.status.code(), Some(0), "{arguments}: {object}");
        let own = json!({ "allOf": [schema["commands"][name]], "$defs": schema["$defs"] });
        let validator = jsonschema::validator_for(&own).expect("a schema");
        let errors: Vec<String> = validator.iter_errors(&object).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{arguments}: {errors:?}: {object:#}");
    }
    assert_eq!(
        place.fake.redrives.lock().expect("a lock").iter().map(|asked| asked.preview).collect::<Vec<_>>(),
        [true, true, false, false]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_are_json_with_the_same_exit_status() {
    let mut place = Place::new("");
    place.serve();
    let schema = outputs::schema();
    let own = json!({ "allOf": [schema["error"]], "$defs": schema["$defs"] });
    let validator = jsonschema::validator_for(&own).expect("a schema");
    for (arguments, status, kind) in [
        (vec!["integration", "show", "olga"], 2, "invalid"),
        (vec!["event", "9"], 2, "invalid"),
        (vec!["dead-letters", "redrive"], 2, "invalid"),
        (vec!["events", "--limit", "0"], 2, "invalid"),
        (vec!["restart"], 2, "invalid"),
    ] {
        let output = run(&place, &arguments);
        let object: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert!(validator.is_valid(&object), "{object}");
        assert_eq!((output.status.code(), object["error"]["kind"].as_str()), (Some(status), Some(kind)), "{arguments:?}: {object}");
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    *place.fake.broken.lock().expect("a lock") = Some("the disk is full".to_owned());
    let output = run(&place, &["pause", "main"]);
    let object: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((output.status.code(), &object["error"]["messages"]), (Some(1), &json!(["the disk is full"])));
}
