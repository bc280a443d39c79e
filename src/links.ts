/** documentation is the address of a page of the documentation. */
export const documentation = (page: string) =>
  `https://github.com/nhncloud/nhncloud-email-datasource/blob/main/docs/${page}`;
