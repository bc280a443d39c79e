package failure

// The hints about the DNS records of the sender's domain (package maildomain). The
// record to add is shown beside them.
var (
	SPFOK             = hint("spf-ok", "It includes {{include}} and needs {{count}} of the 10 DNS lookups that SPF allows.")
	SPFMissing        = hint("spf-missing", "{{name}} has no SPF record. Add this TXT record at {{name}}.")
	SPFSeveral        = hint("spf-several", "{{name}} has {{count}} SPF records, and more than one makes all of them invalid. Replace them with one.")
	SPFSyntax         = hint("spf-syntax", "The SPF record of {{name}} has an error at {{term}}, which makes the whole record invalid. Correct it.")
	SPFAllNotLast     = hint("spf-all-not-last", "In the SPF record of {{name}}, everything after {{all}} is ignored. Move it to the end.")
	SPFTooMany        = hint("spf-too-many", "The SPF record of {{name}} needs more than 10 DNS lookups, which makes it invalid. Each include, a, mx, ptr, exists and redirect counts as one, also in the records that it includes. Remove those that are not in use.")
	SPFVoid           = hint("spf-void", "The SPF record of {{name}} has more than two lookups that find nothing, which makes it invalid. Remove {{hosts}}.")
	SPFIncludeMissing = hint("spf-include-missing", "{{name}} includes {{include}}, which has no SPF record. That makes the whole SPF record of the sender invalid. Correct or remove it.")
	SPFLoop           = hint("spf-loop", "{{name}} includes {{include}}, which leads back to it. That makes the whole SPF record of the sender invalid. Remove one of the two includes.")
	SPFNoInclude      = hint("spf-no-include", "The SPF record of {{name}} does not include {{include}}. Add it to the record.")
	SPFMacro          = hint("spf-macro", "The SPF record of {{name}} has macros, which depend on each mail. Whether it includes {{include}} could not be checked.")

	DKIMOK      = hint("dkim-ok", "The key is valid: {{type}}.")
	DKIMMissing = hint("dkim-missing", "{{name}} has no DKIM key. Add the TXT record that the NHN Cloud console shows for the domain. If it shows another name, change dkimSelector from {{selector}} to the part of that name before ._domainkey.")
	DKIMSeveral = hint("dkim-several", "{{name}} has {{count}} DKIM keys and must have only one. Keep the one that the NHN Cloud console shows.")
	DKIMRevoked = hint("dkim-revoked", "The DKIM key of {{name}} is revoked (p= is empty). Replace it with the TXT record that the NHN Cloud console shows.")
	DKIMSyntax  = hint("dkim-syntax", "The DKIM key of {{name}} cannot be used: {{tag}} is not valid. Copy the whole TXT record from the NHN Cloud console again.")
	DKIMShort   = hint("dkim-short", "The DKIM key of {{name}} has {{bits}} bits, and receivers ignore keys with fewer than 1024. Have a new key issued in the NHN Cloud console.")
	DKIMStrict  = hint("dkim-strict", "The DKIM key is that of {{name}}, and {{dmarc}} requires strict alignment (adkim=s), so it does not count for {{domain}}. Set adkim=r, or send from the domain of the key.")

	DMARCOK      = hint("dmarc-ok", "The record of {{domain}} applies: policy {{policy}}, alignment adkim={{adkim}}, aspf={{aspf}}.")
	DMARCMissing = hint("dmarc-missing", "There is no DMARC record. Add this TXT record at {{name}}.")
	DMARCSeveral = hint("dmarc-several", "{{name}} has {{count}} DMARC records, and more than one makes all of them invalid. Keep one.")
	DMARCSyntax  = hint("dmarc-syntax", "The DMARC record of {{name}} is not valid. Replace it with this minimal record.")

	DNSTimeout = hint("dns-timeout", "{{name}} could not be checked: DNS did not answer in time. The record may still be correct.")
	DNSFailed  = hint("dns-failed", "{{name}} could not be checked: DNS is not reachable, or answers with an error. The record may still be correct.")
	DNSInside  = hint("dns-inside", "{{name}} could not be checked: this machine's DNS seems to be that of an internal network, and the internet may see other records. To check them, set dns_server in grafana.ini to a public DNS server.")
	DNSServer  = hint("dns-server", "{{name}} could not be checked: dns_server in grafana.ini must be host:port.")

	DomainLacks      = hint("domain-lacks", "DNS records of {{domain}} are missing or wrong: {{records}}. Mail is still sent, but may not be delivered. This is what DNS says; only the NHN Cloud console shows whether the domain is verified.")
	DomainRestricted = hint("domain-restricted", "There are recipients at {{hosts}}. NHN Cloud Email restricts mail to Gmail and Yahoo from a domain whose SPF, DKIM and DMARC are not set up and verified. Missing or wrong for {{domain}}: {{records}}.")
	PublicDomain     = hint("public-domain", "The sender's address is at {{domain}}, a public mail domain, which NHN Cloud Email does not allow. Send from a domain of your own that is verified in the console.")
	OldHost          = hint("old-host", "{{host}} is an old host name of the service, and sending through it may be restricted. Set host to {{now}}.")
)
