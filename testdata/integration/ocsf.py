"""OCSF: where the committed schema comes from, and whether events meet the models.

Usage: ocsf.py schema            prints the JSON Schema of Compliance Finding events
       ocsf.py check FILE…       reads arrays of events as py-ocsf-models does

The schema is what the package ocsf-json-schema makes of the OCSF 1.5.0 export for
the class compliance_finding with the profile cloud. The models are Prowler's, of the
same version; they take fields they do not know, which the schema refuses.
"""
import json
import sys

VERSION, CLASS, PROFILES = "1.5.0", "compliance_finding", ["cloud"]


def schema():
    from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
    made = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=VERSION)).get_class_schema(class_name=CLASS, profiles=PROFILES)
    print(json.dumps(made, indent=1, sort_keys=True))


def check(paths):
    from py_ocsf_models import OCSF_VERSION
    from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
    assert OCSF_VERSION == VERSION, OCSF_VERSION
    for path in paths:
        with open(path, encoding="utf-8") as f:
            events = json.load(f)
        for event in events:
            read = ComplianceFinding.model_validate(event)
            assert read.finding_info.uid and read.compliance.status_id is not None
            # What the models know comes out as it went in.
            again = json.loads(read.model_dump_json(exclude_none=True))
            for key in ("severity_id", "status_id", "status_code", "message", "finding_info", "remediation", "resources", "time", "type_uid"):
                assert again.get(key) == event.get(key), (key, again.get(key), event.get(key))
        print(f"{path}: {len(events)} events")


if sys.argv[1:2] == ["schema"]:
    schema()
else:
    check(sys.argv[2:])
