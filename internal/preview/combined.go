package preview

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"reflect"
)

// A combined file contains the templates of several modes: by mode, by section
// such as Resources, by name. What all modes share, which is nearly everything,
// is stored once, under the mode "". What is in no section is under the section
// "".
type combined map[string]map[string]map[string]any

func (c combined) put(mode, section, name string, value any) {
	if c[mode] == nil {
		c[mode] = map[string]map[string]any{}
	}
	if c[mode][section] == nil {
		c[mode][section] = map[string]any{}
	}
	c[mode][section][name] = value
}

// Combine packs templates, by mode, into one small file.
func Combine(templates map[string]map[string]any) ([]byte, error) {
	each := combined{}
	for mode, template := range templates {
		for section, content := range template {
			entries, ok := content.(map[string]any)
			if !ok {
				each.put(mode, "", section, content)
			}
			for name, value := range entries {
				each.put(mode, section, name, value)
			}
		}
	}
	packed := combined{}
	for mode, sections := range each {
		for section, entries := range sections {
			for name, value := range entries {
				where := ""
				for _, other := range each {
					if !reflect.DeepEqual(other[section][name], value) {
						where = mode
					}
				}
				packed.put(where, section, name, value)
			}
		}
	}
	for mode := range each {
		if packed[mode] == nil {
			packed[mode] = map[string]map[string]any{}
		}
	}
	text, err := json.Marshal(packed)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := compressed.Write(text); err != nil {
		return nil, err
	}
	if err := compressed.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Separate returns the templates that Combine has packed, by mode.
func Separate(file []byte) (map[string]map[string]any, error) {
	compressed, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("reading the combined templates: %w", err)
	}
	var packed combined
	if err := json.NewDecoder(compressed).Decode(&packed); err != nil {
		return nil, fmt.Errorf("reading the combined templates: %w", err)
	}
	templates := map[string]map[string]any{}
	for mode := range packed {
		if mode == "" {
			continue
		}
		template := map[string]any{}
		for _, part := range []string{"", mode} {
			for section, entries := range packed[part] {
				if section != "" && template[section] == nil {
					template[section] = map[string]any{}
				}
				for name, value := range entries {
					if section == "" {
						template[name] = value
						continue
					}
					template[section].(map[string]any)[name] = value
				}
			}
		}
		templates[mode] = template
	}
	return templates, nil
}
