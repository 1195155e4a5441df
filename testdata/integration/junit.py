"""JUnit: whether files meet the schema of the Jenkins xUnit plugin, by libxml2.

Usage: junit.py SCHEMA FILE…
"""
import sys

from lxml import etree

schema = etree.XMLSchema(etree.parse(sys.argv[1]))
for path in sys.argv[2:]:
    schema.assertValid(etree.parse(path))
# It can refuse.
suites = etree.parse(sys.argv[2])
suites.getroot().set("mood", "good")
assert not schema.validate(suites)
print(f"{len(sys.argv) - 2} files")
