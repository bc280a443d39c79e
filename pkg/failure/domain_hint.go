package failure

// What is said of the records in DNS of the domain that mail is from (package
// maildomain). The record to add is told beside them.
var (
	SPFOK             = hint("spf-ok", "It includes {{include}}, with {{count}} of 10 DNS look-ups.")
	SPFMissing        = hint("spf-missing", "{{name}} has no SPF record. Add this TXT record at {{name}}.")
	SPFSeveral        = hint("spf-several", "{{name}} has {{count}} SPF records, and with more than one none counts. Replace them by one.")
	SPFSyntax         = hint("spf-syntax", "The SPF record of {{name}} is not valid at {{term}}, and so none of it counts. Correct it.")
	SPFAllNotLast     = hint("spf-all-not-last", "In the SPF record of {{name}}, nothing behind {{all}} counts. Put it at the end.")
	SPFTooMany        = hint("spf-too-many", "The SPF record of {{name}} needs more than 10 DNS look-ups, and so none of it counts. Each include, a, mx, ptr, exists and redirect is one, also in what is included: remove those that are not in use.")
	SPFVoid           = hint("spf-void", "The SPF record of {{name}} has more than two look-ups that find nothing, and so none of it counts. Remove {{hosts}}.")
	SPFIncludeMissing = hint("spf-include-missing", "{{name}} includes {{include}}, which has no SPF record, and so none of the sender's SPF counts. Correct or remove it.")
	SPFLoop           = hint("spf-loop", "{{name}} includes {{include}}, which leads back to it, and so none of the sender's SPF counts. Remove one of the two.")
	SPFNoInclude      = hint("spf-no-include", "The SPF record of {{name}} does not include {{include}}. Change it to this one.")
	SPFMacro          = hint("spf-macro", "The SPF record of {{name}} has macros, which depend on each mail: whether it includes {{include}} could not be checked.")

	DKIMOK      = hint("dkim-ok", "The key can be read: {{type}}.")
	DKIMMissing = hint("dkim-missing", "{{name}} has no DKIM key. Add the TXT record that the NHN Cloud console shows for the domain. If it shows another name, write what stands before ._domainkey into dkimSelector in place of {{selector}}.")
	DKIMSeveral = hint("dkim-several", "{{name}} has {{count}} DKIM keys and may have one. Keep the one that the NHN Cloud console shows.")
	DKIMRevoked = hint("dkim-revoked", "The DKIM key of {{name}} is revoked (p= is empty). Replace it by the TXT record that the NHN Cloud console shows.")
	DKIMSyntax  = hint("dkim-syntax", "The DKIM key of {{name}} cannot be used: {{tag}} is not right. Copy the TXT record from the NHN Cloud console again, as a whole.")
	DKIMShort   = hint("dkim-short", "The DKIM key of {{name}} has {{bits}} bits, and receivers take none below 1024. Have the NHN Cloud console make a new one.")
	DKIMStrict  = hint("dkim-strict", "The DKIM key is that of {{name}}, and {{dmarc}} asks for strict alignment (adkim=s): it does not count for {{domain}}. Set adkim=r, or send from the domain of the key.")

	DMARCOK      = hint("dmarc-ok", "The record of {{domain}} is in force: policy {{policy}}, alignment adkim={{adkim}}, aspf={{aspf}}.")
	DMARCMissing = hint("dmarc-missing", "There is no DMARC record. Add this TXT record at {{name}}.")
	DMARCSeveral = hint("dmarc-several", "{{name}} has {{count}} DMARC records, and with more than one none counts. Keep one.")
	DMARCSyntax  = hint("dmarc-syntax", "The DMARC record of {{name}} is not valid. Replace it by this one, which is the least.")

	DNSTimeout = hint("dns-timeout", "{{name}} could not be checked: DNS did not answer in time. The record may well be right.")
	DNSFailed  = hint("dns-failed", "{{name}} could not be checked: DNS is not reachable, or answers with an error. The record may well be right.")
	DNSInside  = hint("dns-inside", "{{name}} could not be checked: this machine's DNS seems to be that of an internal network, and the internet may see other records. Name a public DNS server as dns_server in grafana.ini to check.")
	DNSServer  = hint("dns-server", "{{name}} could not be checked: dns_server in grafana.ini is no host:port.")

	DomainLacks      = hint("domain-lacks", "The domain {{domain}} lacks what receivers ask for: {{records}}. Mail is sent all the same and may not be delivered. DNS says this; whether the domain is verified, only the NHN Cloud console says.")
	DomainRestricted = hint("domain-restricted", "There are recipients at {{hosts}}: NHN Cloud Email restricts mail to Gmail and Yahoo from a domain whose SPF, DKIM and DMARC are not set up and verified. {{domain}} lacks {{records}}.")
	PublicDomain     = hint("public-domain", "The sender is at {{domain}}, a public mail domain, which NHN Cloud Email does not allow. Send from a domain of your own that is verified in the console.")
	OldHost          = hint("old-host", "{{host}} is an old name of the service, from which sending may be restricted. Set host to {{now}}.")
)
