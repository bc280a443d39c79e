import type { ComponentProps } from 'react';
import type { QueryType } from '../types';
import QueryEditor from './QueryEditor';

/** EVENTS are the kinds of query whose rows each have a time of their own. */
const EVENTS: QueryType[] = ['deliveries', 'serviceMails'];

/** AnnotationEditor edits the query of an annotation. */
export default function AnnotationEditor(props: ComponentProps<typeof QueryEditor>) {
  return <QueryEditor {...props} types={EVENTS} />;
}
