"""Drives the simulator with a public Python client of the Data API: drive.py URL

The client is comagic-data-api-sdk 0.0.3.4 from PyPI, unchanged; only its address is set. For each method that the simulator has, either the
answer is checked, or `refused` says which rule of today's documentation the client breaks.
"""

import sys
from datetime import datetime

from comagic.client import Comagic
from comagic.errors import ComagicException

client = Comagic(token="not used")
client.API_URL = sys.argv[1]
# The client logs in when it is made, at UIS itself; so log in only now.
client.login, client.password = "crm", "secret"
client.access_token = client._create_access_token()

DAY = {"date_from": datetime(2026, 11, 22), "date_till": datetime(2026, 11, 22, 23, 59, 59)}


def check(what, found, expected):
    assert found == expected, f"{what}: {found!r}, expected {expected!r}"


def refused(what, call, mnemonic):
    try:
        list(call())
    except ComagicException as error:
        check(what, error.error_data["data"]["mnemonic"], mnemonic)
        return
    raise AssertionError(f"{what} was accepted")


check("account", client.get_account().name, "Магазин")
numbers = list(client.get_virtual_numbers(filter={"field": "status", "operator": "=", "value": "active"}))
check("numbers", [number.virtual_phone_number for number in numbers], ["74950000101"])
check("lines", [line.employee_id for line in client.get_sip_lines()], [31001])
check("scenarios", [scenario.name for scenario in client.get_scenarios()], ["Входящие"])
# The client's own reading of a campaign fails on every answer, so only the answer is checked.
campaigns = client._send_api_request(client._create_endpoint_params("get", "campaigns", sort=[{"field": "name"}]))
check("campaigns", [campaign["name"] for campaign in campaigns], ["Наружная реклама"])
check("sites", [site.domain_name for site in client.get_sites()], ["shop.example"])
check("tags", [tag.name for tag in client.get_tags(limit=1)], ["Нецелевой"])
check("employees", [person.full_name for person in client.get_employees(limit=1, offset=0)], ["Иванова Анна"])
created = client.create_employee("Новый", [{"phone_number": "79000000103", "status": "active"}], email="new@example.ru")
client.update_employee(created["id"], first_name="Пётр")
people = client.get_employees(filter={"field": "id", "operator": "=", "value": created["id"]})
check("a new employee", [person.full_name for person in people], ["Новый Пётр"])
check("legs", [leg.call_session_id for leg in client.get_call_legs_report(**DAY)], [1])
check("calls", [call.id for call in client.get_calls_report(**DAY, fields=["id", "is_lost"])], [1])
refused("an unknown employee", lambda: client.update_employee(7), "entity_not_found")

# What the client of 2020 does against today's documentation.
# It asks for the column utm_referrer, which today's report does not have.
refused("all its columns of calls", lambda: client.get_calls_report(**DAY), "unexpected_parameters")
# It asks for the columns utm_referrer and source.
refused("all its columns of chats", lambda: client.get_chats_report(**DAY), "unexpected_parameters")
refused("all its columns of requests", lambda: client.get_offline_messages_report(**DAY), "unexpected_parameters")
# It sends chat where chat_id is meant.
refused("messages of a chat", lambda: client.get_chat_messages_report(5), "unexpected_parameters")

print("the client works")
