package settings

import (
	"maps"
	"slices"
	"strings"
)

// MaxKeyID is the longest keyId, in digits.
const MaxKeyID = 4

// keyID returns the id of a signing secret that one contact point has for itself,
// webhookSecret1 and so on in secureJsonData: 1. It is empty for every other key.
func keyID(key string) string {
	id, found := strings.CutPrefix(key, keyWebhookSecret)
	if !found || len(id) > MaxKeyID || strings.HasPrefix(id, "0") || strings.Trim(id, "0123456789") != "" {
		return ""
	}
	return id
}

// contactPointSecrets reads the signing secrets of single contact points.
func (r *reader) contactPointSecrets() map[string]Secret {
	for _, key := range slices.Sorted(maps.Keys(r.values)) {
		if keyID(key) != "" {
			r.add(key, misplaced)
		}
	}
	secrets := make(map[string]Secret)
	for _, key := range slices.Sorted(maps.Keys(r.secure)) {
		if id := keyID(key); id != "" && r.secure[key] != "" { // Grafana keeps the key of one that was removed
			secrets[id] = r.signingSecret(key, r.secure[key])
		}
	}
	return secrets
}

// SigningSecret returns the secret that verifies the alerts of a contact point: that of
// the keyId in its URL or, where it has none, webhookSecret.
func (s *Settings) SigningSecret(keyID string) Secret {
	if keyID == "" {
		return s.WebhookSecret
	}
	return s.ContactPointSecrets[keyID]
}

// Signed says whether alerts must be signed.
func (s *Settings) Signed() bool { return s.WebhookSecret.IsSet() || len(s.ContactPointSecrets) > 0 }
