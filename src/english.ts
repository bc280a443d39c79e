// The English messages, in a script that has a source map: of JSON alone none is made, and
// the catalog asks for one of every script.
import messages from './locales/en-US/nhncloud-email-datasource.json';

export const english = messages;
