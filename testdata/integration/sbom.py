"""Whether a bill of materials meets the JSON schema of its CycloneDX version."""
import json
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

text = open(sys.argv[1], encoding="utf-8").read()
version = json.loads(text)["specVersion"]
fault = JsonStrictValidator(SchemaVersion.from_version(version)).validate_str(text)
if fault is not None:
    sys.exit(f"{sys.argv[1]}: {fault}")
broken = json.loads(text)
broken["components"][0]["type"] = "nonsense"
if JsonStrictValidator(SchemaVersion.from_version(version)).validate_str(json.dumps(broken)) is None:
    sys.exit("the schema takes anything")
print(f"CycloneDX {version}: {len(json.loads(text)['components'])} components")
