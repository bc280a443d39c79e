// The contact point for those who provision it: as Grafana's YAML and as
// Terraform. Secrets come from the environment.
import { alertsUrl, SIGNATURE_HEADER, TIMESTAMP_HEADER } from './contactPoint';

/** A JSON string is also one of YAML and, but for its templates, of HCL. */
const quote = (text: string) => JSON.stringify(text);
// Both expand $ in a value: Grafana variables, Terraform ${.
const hcl = (text: string) => quote(text).replaceAll(/[$%]{/g, (mark) => mark[0] + mark);
const yaml = (text: string) => quote(text).replaceAll('$', () => '$$');

export const yamlSnippet = (name: string, grafanaUrl: string, uid: string, profile?: string) => `apiVersion: 1
contactPoints:
  - orgId: 1
    name: ${yaml(name)}
    receivers:
      - uid: ${yaml(uid)}
        type: webhook
        disableResolveMessage: false
        settings:
          url: ${yaml(alertsUrl(grafanaUrl, uid, profile))}
          httpMethod: POST
          authorization_scheme: Bearer
          authorization_credentials: $NHNCLOUD_EMAIL_SERVICE_ACCOUNT_TOKEN
          hmacConfig:
            secret: $NHNCLOUD_EMAIL_WEBHOOK_SECRET
            header: ${SIGNATURE_HEADER}
            timestampHeader: ${TIMESTAMP_HEADER}
`;

export const terraformSnippet = (
  name: string,
  grafanaUrl: string,
  uid: string,
  profile?: string,
) => `variable "webhook_secret" {
  type      = string
  sensitive = true
}

resource "grafana_service_account" "nhncloud_email" {
  name = ${hcl(name)}
  role = "Viewer"
}

resource "grafana_service_account_token" "nhncloud_email" {
  name               = ${hcl(name)}
  service_account_id = grafana_service_account.nhncloud_email.id
}

resource "grafana_contact_point" "nhncloud_email" {
  name = ${hcl(name)}

  webhook {
    url                       = ${hcl(alertsUrl(grafanaUrl, uid, profile))}
    http_method               = "POST"
    authorization_scheme      = "Bearer"
    authorization_credentials = grafana_service_account_token.nhncloud_email.key

    hmac_config {
      secret           = var.webhook_secret
      header           = "${SIGNATURE_HEADER}"
      timestamp_header = "${TIMESTAMP_HEADER}"
    }
  }
}
`;
