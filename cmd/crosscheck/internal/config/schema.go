package config

import (
	"encoding/json"
	"strings"
	"time"

	"crosscheck/rules/finding"
)

// Schema is the JSON schema that the settings have.
func Schema() []byte {
	root := schemaOf(settings)
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "https://crosscheck.invalid/schemas/config/1"
	root["title"] = "crosscheck configuration"
	root["description"] = "The file that crosscheck --config reads, as YAML."
	root["type"] = []string{"object", "null"}
	sections := root["properties"].(map[string]any)
	sections["destinations"].(map[string]any)["minProperties"] = 1
	sections["destinations"].(map[string]any)["type"] = "object"
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(err)
	}
	return append(text, '\n')
}

func schemaOf[T any](keys []setting[T]) map[string]any {
	object := func(null bool) map[string]any {
		o := map[string]any{"type": "object", "additionalProperties": false, "properties": map[string]any{}}
		if null {
			o["type"] = []string{"object", "null"} // all its keys are commented out
		}
		return o
	}
	root := object(false)
	for _, s := range keys {
		at := root["properties"].(map[string]any)
		path := strings.Split(s.key, ".")
		for _, section := range path[:len(path)-1] {
			if at[section] == nil {
				at[section] = object(true)
			}
			at = at[section].(map[string]any)["properties"].(map[string]any)
		}
		p := typeSchema(s.value(new(T)), s.form)
		p["description"] = s.doc
		if s.def != "" {
			p["default"] = jsonOfYAML(s.def)
		}
		at[path[len(path)-1]] = p
	}
	return root
}

func typeSchema(value any, f form) map[string]any {
	text := map[string]any{"type": "string"}
	if f.pattern != "" {
		text["pattern"] = f.pattern
	}
	if f.oneOf != nil {
		text["enum"] = f.oneOf
	}
	switch value.(type) {
	case *string, *time.Duration:
		return text
	case *bool:
		return map[string]any{"type": "boolean"}
	case *int:
		return map[string]any{"type": "integer", "minimum": f.min}
	case *float64:
		return map[string]any{"type": "number", "exclusiveMinimum": 0, "maximum": f.max}
	case *[]string:
		return map[string]any{"type": "array", "items": text}
	case *map[string]string:
		return map[string]any{"type": "object", "propertyNames": map[string]any{"minLength": 1, "maxLength": 128}, "additionalProperties": text}
	case *map[string]finding.Severity:
		return map[string]any{"type": "object", "propertyNames": map[string]any{"pattern": ruleForm.pattern}, "additionalProperties": text}
	case *map[string]any:
		return map[string]any{"type": "object", "propertyNames": map[string]any{"pattern": paramForm.pattern}}
	case *[]Requirement:
		item := schemaOf(requirementKeys)
		var some []any
		for _, name := range []string{"name", "tags", "accounts", "ous"} {
			some = append(some, map[string]any{"required": []string{name}})
		}
		item["anyOf"] = some
		to := item["properties"].(map[string]any)["destination"].(map[string]any)
		to["type"], to["minProperties"] = "object", 1
		return map[string]any{"type": "array", "items": item}
	}
	panic("no schema for a type")
}

func jsonOfYAML(text string) any {
	v, err := jsonValue("default", valueNode(text))
	if err != nil {
		panic(err)
	}
	return v
}
