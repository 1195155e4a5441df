package answer

import (
	"slices"
	"strings"
)

// profile is what another server than AWS is known to answer differently, and may. None
// is used for an endpoint of AWS.
type profile struct {
	name           string
	server         string   // how its header Server begins
	anyContentType bool     // it does not say what its documents are
	anyNamespace   bool     // it names other namespaces, or none
	operationRoots bool     // it names some documents after their operation
	missing        []string // paths of elements, and headers, that it leaves out or gets wrong
	added          []string // paths of elements of its own
	blank          []string // paths of elements that it leaves empty
	unrelated      []string // paths of elements in which it does not keep what goes together
}

// profiles are those of the servers with which crosscheck works, and is tested.
var profiles = []*profile{
	{
		// https://github.com/getmoto/moto
		name: "moto", server: "Werkzeug", anyContentType: true, anyNamespace: true, operationRoots: true,
		missing: []string{"KeyMetadata/MultiRegion"}, // null where it was not asked for
	},
	{
		// https://github.com/minio/minio
		name: "MinIO", server: "MinIO",
		added: []string{"ReplicationConfiguration/Rule/DeleteReplication"}, // of versions, which AWS never replicates
		blank: []string{"ReplicationConfiguration/Role", // it has no roles
			"AssumeRoleResponse/AssumeRoleResult/AssumedRoleUser/Arn"},
	},
}

// strict differs in nothing.
var strict = &profile{name: "AWS"}

func profileOf(x *Exchange) *profile {
	if !x.AWS {
		for _, p := range profiles {
			if strings.HasPrefix(x.Header.Get("Server"), p.server) {
				return p
			}
		}
	}
	return strict
}

func (p *profile) lacks(path string) bool { return slices.Contains(p.missing, path) }

func (p *profile) adds(path string) bool { return slices.Contains(p.added, path) }

// isRoot is whether a document of this name answers an API.
func (p *profile) isRoot(api, name string) bool {
	_, operation, _ := strings.Cut(api, ":")
	return p.operationRoots && name == operation+"Response"
}
