import '@testing-library/jest-dom';
import { configure } from '@testing-library/react';

// A slow machine is no failure.
configure({ asyncUtilTimeout: 30_000 });
