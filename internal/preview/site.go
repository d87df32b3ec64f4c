package preview

import (
	"encoding/json"
	"net/http"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/preview/cloudfront"
	"github.com/noren-cdk/noren/internal/preview/edge"
)

// buckets returns the contents of the distribution's buckets: the site's folder,
// or what the template uploads to them.
func (p *Preview) buckets(d *cloudfront.Distribution) map[string]edge.Bucket {
	buckets := map[string]edge.Bucket{}
	for _, origin := range d.Origins {
		if origin.Bucket == "" {
			continue
		}
		if _, ok := buckets[origin.Bucket]; ok {
			continue
		}
		uploads := p.uploads(origin.Bucket)
		switch {
		case p.config.Site != "":
			header := http.Header{"Cache-Control": {"no-cache"}}
			if len(uploads) > 0 {
				header = uploads[0].Header
			}
			buckets[origin.Bucket] = edge.Bucket{{Dir: p.config.Site, Header: header}}
		case len(uploads) > 0:
			buckets[origin.Bucket] = uploads
		default:
			p.note("bucket %s is empty: the template uploads nothing, and no --site was given", origin.Bucket)
		}
		if p.announces(origin.Bucket) {
			buckets[origin.Bucket] = append(edge.Bucket{p.announced.folder()}, buckets[origin.Bucket]...)
		}
	}
	return buckets
}

// uploads returns the folders that the template uploads to a bucket.
func (p *Preview) uploads(bucket string) edge.Bucket {
	t := p.sources[0]
	deployments, err := p.resources(t, "Custom::CDKBucketDeployment")
	if err != nil {
		return nil
	}
	var folders edge.Bucket
	for _, deployment := range deployments {
		text := func(name string) string {
			s, _ := deployment.Properties[name].(string)
			return s
		}
		if id, _, _ := cfn.Attribute(text("DestinationBucketName")); id != bucket {
			continue
		}
		header := http.Header{}
		metadata, _ := deployment.Properties["SystemMetadata"].(map[string]any)
		for name, value := range metadata {
			if s, ok := value.(string); ok {
				header.Set(name, s)
			}
		}
		keys, _ := deployment.Properties["SourceObjectKeys"].([]any)
		for _, k := range keys {
			key, _ := k.(string)
			dir, err := asset(t, key)
			if err != nil && p.config.Site != "" {
				continue // that folder replaces it
			}
			if err != nil {
				p.note("%s: what it uploads is not served: %v", deployment.LogicalID, err)
				continue
			}
			if dir, err = p.folder(dir); err != nil {
				p.note("%s: what it uploads is not served: %v", deployment.LogicalID, err)
				continue
			}
			folders = append(folders, edge.Folder{Dir: dir, Prefix: text("DestinationBucketKeyPrefix"), Header: header})
		}
	}
	return folders
}

// withConfig tells the site where the API is, if the site is to use the API's own
// origin: the example's site reads config.json before anything else.
func (p *Preview) withConfig(site http.Handler) http.Handler {
	if !p.config.TwoOrigins {
		return site
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/config.json" {
			site.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(map[string]string{"api": p.API})
	})
}
